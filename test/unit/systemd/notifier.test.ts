// What is told to systemd, in which order, and what may be left out.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { Notifier, sendByProgram } from '../../../src/systemd/notifier.ts';
import type { Variables } from '../../../src/systemd/notifier.ts';

suite('the notifier', () => {
  test('one message after the other; what waits is merged, but no change of the state gets lost', async () => {
    const { notifier, sent, next } = slow();
    notifier.tell({ STATUS: 'a' });
    notifier.tell({ STATUS: 'b' });
    notifier.tell({ WATCHDOG: '1' });
    notifier.tell({ RELOADING: '1', STATUS: 'c' });
    notifier.tell({ STATUS: 'd' });
    notifier.tell({ READY: '1', STATUS: 'e' });
    for (let count = 0; count < 5; count += 1) await next();
    assert.deepEqual(sent, [
      { STATUS: 'a' },
      { STATUS: 'd', WATCHDOG: '1', RELOADING: '1' },
      { READY: '1', STATUS: 'e' },
    ]);
  });

  test('a systemd that does not listen -> what waits is bounded, and ends with the latest state', async () => {
    const { notifier, sent, next } = slow();
    for (let count = 0; count < 100; count += 1) {
      notifier.tell({ RELOADING: '1', MONOTONIC_USEC: String(count) });
      notifier.tell({ READY: '1', STATUS: String(count) });
    }
    for (let count = 0; count < 30; count += 1) await next();
    assert.ok(sent.length <= 10, String(sent.length));
    const last = sent.at(-1);
    assert.equal(last?.['READY'], '1');
    assert.equal(last['STATUS'], '99');
    assert.equal(last['RELOADING'], undefined);
  });

  test('what fails is told once, and the next message is sent nevertheless', async () => {
    const failures: unknown[] = [];
    const sent: Variables[] = [];
    const notifier = new Notifier(
      async (variables) => {
        sent.push(variables);
        throw new Error('no');
      },
      (error) => failures.push(error),
    );
    for (const STATUS of ['a', 'b', 'c']) {
      notifier.tell({ STATUS });
      await new Promise(setImmediate);
    }
    assert.equal(failures.length, 1);
    assert.deepEqual(sent, [{ STATUS: 'a' }, { STATUS: 'b' }, { STATUS: 'c' }]);
  });
});

suite('systemd-notify', () => {
  test('it gets each variable as an argument, the socket, and nothing else of the environment', async (t) => {
    const file = fake(t, 'printf "%s\\n" "$@" >"$0.out"; env >"$0.env"');
    await sendByProgram('/run/notify')({ READY: '1', STATUS: 'a b; $(c)' });
    assert.equal(fs.readFileSync(`${file}.out`, 'utf8'), 'READY=1\nSTATUS=a b; $(c)\n');
    const env = fs.readFileSync(`${file}.env`, 'utf8').split('\n');
    assert.ok(env.includes('NOTIFY_SOCKET=/run/notify'));
    assert.deepEqual(
      env.filter((line) => /^(?:HOME|USER|NODE_)/.test(line)),
      [],
    );
  });

  test('an exit code of 1, or no such program -> rejected', async (t) => {
    fake(t, 'exit 1');
    await assert.rejects(sendByProgram('/x')({ READY: '1' }), /systemd-notify ended with code 1/);
    process.env['PATH'] = '/nonexistent';
    await assert.rejects(sendByProgram('/x')({ READY: '1' }), { code: 'ENOENT' });
  });
});

/** A program of that name in front of the real one. */
function fake(t: TestContext, script: string): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-'));
  const before = process.env['PATH'];
  t.after(() => {
    process.env['PATH'] = before;
    fs.rmSync(folder, { recursive: true });
  });
  const file = path.join(folder, 'systemd-notify');
  fs.writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  process.env['PATH'] = `${folder}:${before}`;
  return file;
}

/** A systemd that takes the next message only when it is told to. */
function slow() {
  const sent: Variables[] = [];
  let release: () => void = () => undefined;
  const notifier = new Notifier(
    (variables) => {
      sent.push(variables);
      return new Promise((resolve) => {
        release = resolve;
      });
    },
    () => assert.fail(),
  );
  const next = async (): Promise<void> => {
    release();
    await new Promise(setImmediate);
  };
  return { notifier, sent, next };
}
