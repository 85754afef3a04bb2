// The client, against servers that misbehave.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { ask } from '../../../src/cli/client.ts';
import type { Outcome } from '../../../src/cli/client.ts';
import { controlPath } from '../../helpers/control.ts';

const GREETING = '{"protocol":1,"pid":1}\n';

suite('the client of the control socket', () => {
  test('a service that is stopped, and says nothing -> unreachable, after the time for it', async (t) => {
    assertUnreachable(await askServer(t, () => undefined, { greetingMs: 50 }), /nothing came within 50 ms/);
  });

  test('a service that is greeted and slow -> waited for', async (t) => {
    const outcome = await askServer(t, (socket) => {
      socket.write(GREETING);
      socket.once('data', () => setTimeout(() => socket.write('{"id":1,"result":7}\n'), 150));
    });
    assert.deepEqual(outcome, { type: 'result', result: 7 });
  });

  test('an error -> its code and message', async (t) => {
    const outcome = await askServer(t, (socket) =>
      socket.write(`${GREETING}{"id":1,"error":{"code":"C","message":"m"}}\n`),
    );
    assert.deepEqual(outcome, { type: 'error', code: 'C', message: 'm' });
  });

  for (const [what, answer, why] of [
    ['another protocol', '{"protocol":2,"pid":1}\n', /the service speaks protocol 2, and this program 1/],
    ['no greeting', '{"hello":1}\n', /speaks protocol undefined/],
    ['nonsense', `${GREETING}<html>\n`, /not of the protocol/],
    ['null', 'null\n', /speaks protocol undefined/],
  ] as const) {
    test(`${what} -> unreachable, and why`, async (t) => {
      assertUnreachable(await askServer(t, (socket) => socket.write(answer)), why);
    });
  }

  test('a service that is killed before the outcome is known -> unreachable', async (t) => {
    const outcome = await askServer(t, (socket) => {
      socket.write(GREETING);
      socket.once('data', () => socket.destroy());
    });
    assertUnreachable(outcome, /closed the connection before the outcome was known/);
  });

  test('nobody there -> unreachable, and what that means', async (t) => {
    const path = controlPath(t);
    const exchange = { path, command: { command: 'status' }, onEvent: assert.fail } as const;
    assertUnreachable(await ask(exchange), /there is no control socket at .*: the service does not run/);
  });
});

async function askServer(
  t: TestContext,
  serve: (socket: net.Socket) => void,
  limits: { readonly greetingMs?: number } = {},
): Promise<Outcome> {
  const path = controlPath(t);
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    t.after(() => void socket.destroy());
    serve(socket);
  });
  server.listen(path);
  t.after(() => void server.close());
  await once(server, 'listening');
  return ask({ path, command: { command: 'restart' }, onEvent: assert.fail, ...limits });
}

function assertUnreachable(outcome: Outcome, why: RegExp): void {
  assert.ok(outcome.type === 'unreachable', JSON.stringify(outcome));
  assert.match(outcome.why, why);
}
