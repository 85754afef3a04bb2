// The control socket, and the program fastify-clustered that speaks to it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { suite, test } from 'node:test';
import { controlPath, runProgram } from '../helpers/control.ts';
import { startReadyService } from '../helpers/service.ts';
import { QUICK } from '../helpers/times.ts';

suite('control', () => {
  test('S63: the program restarts, is told of an abort, shows the status, scales and stops -> exit codes, progress, the reason', async (t) => {
    const path = controlPath(t);
    const service = await startReadyService(t, {
      fixture: 'fickle.js',
      options: { rollout: QUICK, control: { path } },
      env: { BEHAVIOUR_3: 'throw' },
    });
    const env = { FASTIFY_CLUSTERED_CONTROL_PATH: path };
    assert.equal(fs.statSync(path).mode & 0o777, 0o600);

    const completed = await runProgram(['restart', '--control', path]);
    assert.equal(completed.code, 0, completed.err);
    assert.deepEqual(
      withoutPids(completed.out).filter((line) => !line.includes('exited')),
      [
        `rollout of generation 2 started: ${String(service.lines('sockets bound')[0]?.['entry'])}`,
        'worker 0 of generation 2 ready',
        'worker 0 of generation 1 draining',
        'worker 1 of generation 2 ready',
        'worker 1 of generation 1 draining',
        'rollout of generation 2 completed',
      ],
    );
    assert.equal(completed.err, '');

    const aborted = await runProgram(['restart'], env);
    assert.equal(aborted.code, 1);
    assert.match(
      aborted.err,
      /^fastify-clustered: rollout of generation 3 aborted: boot-failed, worker 0 of /,
    );
    assert.match(aborted.err, /\nTypeError: this release is broken\n {4}at .*fickle\.js/);
    assert.doesNotMatch(aborted.out, /completed/);

    const status = await runProgram(['status', '--json'], env);
    assert.equal(status.code, 0);
    assert.deepEqual(lasting(JSON.parse(status.out).result), lasting(await service.status()));
    assert.match(
      (await runProgram(['status'], env)).out,
      /^pid \d+, running, size 2\n[^]*last rollout: rollout of generation 3 aborted: boot-failed/,
    );

    assert.deepEqual(await runProgram(['scale', '3'], env), {
      code: 0,
      out: 'size changed from 2 to 3\n',
      err: '',
    });
    await service.seen('size changed');
    assert.equal((await runProgram(['scale', '0'], env)).code, 1);

    const stopped = await runProgram(['stop'], env);
    assert.equal(stopped.code, 0, stopped.err);
    assert.match(stopped.out, /\nstopped\n$/);
    assert.deepEqual(await service.ended, { code: 0, signal: null });
    assert.equal(fs.existsSync(path), false);
    assert.deepEqual(
      service.lines('command received').map(({ command }) => command),
      ['restart', 'restart', 'scale', 'scale', 'stop'],
    );
    const unreachable = await runProgram(['status'], env);
    assert.equal(unreachable.code, 1);
    assert.match(unreachable.err, /there is no control socket at /);
  });
});

/** A status without what changes from one moment to the next. */
function lasting(status: unknown): unknown {
  return JSON.parse(
    JSON.stringify(status, (key, value: unknown) => (key === 'silentMs' ? undefined : value)),
  );
}

function withoutPids(text: string): readonly string[] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.replace(/ \(pid \d+\)/, ''));
}
