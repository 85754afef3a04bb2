// Signals that reach the primary more than once, as wrappers and process groups deliver them: one graceful shutdown.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import { startReadyService } from '../helpers/service.ts';
import type { Service, ServiceOptions } from '../helpers/service.ts';

type Command = NonNullable<ServiceOptions['command']>;

const direct: Command = (words) => words;
const behindTimeout: Command = (words) => ['timeout', '--preserve-status', '300', ...words];
/** An empty folder to watch, because other tests touch files of the project, which would restart the service. */
const watched = fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-'));
process.once('exit', () => fs.rmSync(watched, { recursive: true }));
const behindWatch: Command = ([node = '', ...args]) => [node, `--watch-path=${watched}`, ...args];

suite('signals', () => {
  for (const [how, command, end] of [
    ['twice at once', direct, twice('SIGTERM', 'SIGTERM')],
    ['and another one at once', direct, twice('SIGINT', 'SIGTERM')],
    ['and SIGHUP, SIGQUIT and it again at once', direct, twice('SIGQUIT', 'SIGINT', 'SIGTERM', 'SIGQUIT')],
    [
      'to timeout and, by it, to its child and its group',
      behindTimeout,
      (service) => service.signal('SIGTERM'),
    ],
    ['to a group in which timeout forwards it', behindTimeout, (service) => service.signalGroup('SIGINT')],
    ['to a group in which node --watch forwards it', behindWatch, (service) => service.signalGroup('SIGINT')],
  ] as const satisfies readonly (readonly [string, Command, (service: Service) => void])[]) {
    test(`S90: a signal ${how} -> one graceful shutdown`, { timeout: 60_000 }, async (t) => {
      const service = await startReadyService(t, { command });
      const slow = service.get('/slow?ms=1000');
      await service.get('/');
      end(service);
      assert.equal((await slow).status, 200);
      assert.equal((await service.ended).code, 0);
      assert.equal(service.lines('stopping').length, 1);
      assert.deepEqual(service.lines('forced to stop'), []);
      assert.deepEqual(service.leftovers(), []);
    });
  }
});

/** All at once, before the primary can handle the first one. */
function twice(...signals: readonly NodeJS.Signals[]): (service: Service) => void {
  return ({ pid }) => {
    for (const signal of signals) process.kill(pid, signal);
  };
}
