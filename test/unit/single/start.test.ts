// A start that fails leaves nothing behind that would keep the process alive.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import process from 'node:process';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import fastify from 'fastify';
import { startClustered } from '../../../src/index.ts';
import { listen } from '../../helpers/listen.ts';

suite('S100: a single process does not start, and the app has opened a second server', () => {
  test('the app cannot be built -> it is closed', async (t) => {
    const further = await startInVain(t, 0, async () => {
      throw new Error('no database');
    });
    assert.match(String(further.error), /no database/);
    assert.equal(further.server.listening, false);
  });

  test('it cannot listen -> it is closed', async (t) => {
    const port = await listen(t, http.createServer());
    const further = await startInVain(t, port, async () => undefined);
    assert.match(String(further.error), /EADDRINUSE|in use/);
    assert.equal(further.server.listening, false);
  });
});

async function startInVain(t: TestContext, port: number, boot: () => Promise<void>) {
  // A start that failed is told by the exit code, even if somebody catches its error.
  const { exitCode } = process;
  t.after(() => {
    process.exitCode = exitCode;
  });
  const server = http.createServer();
  t.after(() => server.close());
  const started = startClustered(
    async (worker) => {
      worker.addServer(server);
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      await boot();
      return fastify();
    },
    { workers: 0, listen: { port, host: '127.0.0.1' } },
  );
  const error: unknown = await started.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { server, error };
}
