// Lines of the log for a person at a terminal.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { readable } from '../../../../src/primary/log/readable.ts';

const COMMON = { level: 30, time: Date.UTC(2026, 0, 1), pid: 1, hostname: 'h', name: 'fastify-clustered' };

function shown(fields: object): string {
  return readable(`${JSON.stringify({ ...COMMON, ...fields })}\n`);
}

suite('readable log lines', () => {
  test('time, level, message and facts, without the signs of JSON', () => {
    const facts = {
      urls: ['http://[::1]:3000'],
      roll: 'kill -USR2 1',
      worker: { slot: 0, pid: 2 },
      none: null,
    };
    const line = shown({ ...facts, msg: 'all workers ready' });
    assert.match(line, /^\d\d:\d\d:\d\d INFO  all workers ready /);
    assert.ok(
      line.endsWith(' urls=http://[::1]:3000 roll="kill -USR2 1" worker={slot=0 pid=2} none=null\n'),
      line,
    );
  });

  test('an error has its stack below it', () => {
    const err = { message: 'broken', stack: 'Error: broken\n    at main.js:1' };
    assert.match(
      shown({ level: 50, err, msg: 'failed' }),
      /ERROR failed\n {4}Error: broken\n {8}at main\.js:1\n$/,
    );
  });

  test('what is no line of pino stays what it is', () => {
    for (const line of ['plain\n', '{}\n', '[1]\n', '{"message":"other key"}\n'])
      assert.equal(readable(line), line);
    assert.match(readable('{"msg":"m","level":"info","time":"x"}\n'), /^--:--:-- info  m\n$/);
  });
});
