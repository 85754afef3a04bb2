// A worker's process is acknowledged, and so may begin to serve, only if it speaks this version of the protocol.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { ROOT } from '../../../helpers/installed.ts';
import type { fork } from '../../../../src/primary/processes/worker-process.ts';
import { PROTOCOL } from '../../../../src/protocol/envelope.ts';

/** The build's: in src there is no preload script. */
const built: { fork: typeof fork } = await import(
  path.join(ROOT, 'dist', 'primary', 'processes', 'worker-process.js')
);

/** Says hello, then asks to be told to leave; exits with the number of messages that it has got until then. */
function workerOf(protocol: number): string {
  return `
let got = 0;
process.on('message', (message) => {
  got += 1;
  if (message['fastify-clustered'].type === 'leave') process.exit(got);
});
process.send({ 'fastify-clustered': { type: 'hello', protocol: ${protocol} } });
process.send({ 'fastify-clustered': { type: 'retire' } });
`;
}

async function messagesTo(t: TestContext, protocol: number): Promise<number | null> {
  const cwd = fs.mkdtempSync(path.join(os.tmpdir(), 'worker-process-'));
  t.after(() => fs.rmSync(cwd, { recursive: true }));
  const entry = path.join(cwd, 'worker.cjs');
  fs.writeFileSync(entry, workerOf(protocol));
  return new Promise((resolve, reject) => {
    const worker = built.fork(
      {
        launch: () => ({ entry, cwd, execPath: process.execPath, execArgv: [], env: {} }),
        settings: {
          protocol,
          primary: process.pid,
          slot: 0,
          generation: 1,
          sockets: [],
          backlog: 1,
          heartbeatMs: 1_000,
          shed: false,
          shutdown: { idleMs: 1, graceMs: 1 },
          closeMs: 1,
          exitHandlers: 'hold',
        },
        descriptors: [],
        balance: 'shared',
        ticketKeys: () => 'MDEyMw==',
      },
      {
        message: ({ type }) => {
          if (type === 'retire') worker.send({ type: 'leave' });
        },
        exited: ({ code }) => resolve(code),
        disconnected: () => undefined,
        forkFailed: reject,
      },
    );
  });
}

suite('the process of a worker', () => {
  test('its hello is acknowledged, behind the keys of its session tickets', async (t) => {
    assert.equal(await messagesTo(t, PROTOCOL), 3);
  });

  test('S76: not if it speaks another version of the protocol: it must not begin to serve', async (t) => {
    assert.equal(await messagesTo(t, PROTOCOL + 1), 1);
  });
});
