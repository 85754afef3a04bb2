// Real clients of HTTP/2, over TLS: rollouts under load.
import assert from 'node:assert/strict';
import process from 'node:process';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import * as undici7 from 'undici';
import { startReadyService } from '../helpers/service.ts';
import type { Service } from '../helpers/service.ts';
import { GENEROUS } from '../helpers/times.ts';

const CLIENTS = 8;
/** So many answers each client gets before, between and after the rollouts, on average. */
const ROUNDS = 25;

/** The part of it that both have. */
interface Undici {
  readonly Client: new (
    origin: string,
    options: { readonly allowH2: true; readonly connect: { readonly rejectUnauthorized: false } },
  ) => {
    request(options: {
      readonly path: string;
      readonly method: 'GET' | 'POST';
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }): Promise<{ readonly statusCode: number; readonly body: { text(): Promise<string> } }>;
    destroy(): Promise<void>;
  };
}

suite('clients of HTTP/2', () => {
  for (const [name, load] of [
    ['undici 7', async (): Promise<Undici> => undici7],
    ['undici 8', async (): Promise<Undici> => import('undici8')],
  ] as const) {
    test(`S96: ${name}, one stream at a time, two rollouts under load -> 0 lost`, async (t) => {
      if (name === 'undici 8' && Number.parseInt(process.versions.node, 10) < 22) {
        return t.skip('undici 8 needs Node.js 22');
      }
      const service = await startReadyService(t, {
        fixture: 'http2.js',
        env: { TLS: 'yes' },
        options: { rollout: GENEROUS },
      });
      const requests = startRequests(t, await load(), `https://127.0.0.1:${await service.port()}`);
      await rollTwice(service, () => requests.more());
      assert.deepEqual(await requests.stop(), []);
      return undefined;
    });
  }
});

async function rollTwice(service: Service, more: () => Promise<void>): Promise<void> {
  for (let rollout = 1; rollout <= 2; rollout += 1) {
    await more();
    await service.rollOut();
    await service.drained();
  }
  await more();
}

interface Requests {
  /** Resolves when each client, on average, has had some more answers. */
  more(): Promise<void>;
  /** What was lost. */
  stop(): Promise<readonly string[]>;
}

/** So long a client waits before its next request, in ms: without a pause that would cross the GOAWAY, which undici 7 takes ill. */
const PAUSE_MS = 10;

/** Clients with a session each, and one request under way at a time. Nothing is repeated. */
function startRequests(t: TestContext, { Client }: Undici, origin: string): Requests {
  const lost: string[] = [];
  const waiting = new Set<() => void>();
  let answered = 0;
  const over = new AbortController();
  const run = async (): Promise<void> => {
    const client = new Client(origin, { allowH2: true, connect: { rejectUnauthorized: false } });
    for (let number = 0; !over.signal.aborted; number += 1) {
      try {
        // In turn at once, after a while, and with a body.
        const response = await client.request(
          number % 3 === 2
            ? { path: '/echo', method: 'POST', body: 'echo', headers: { 'content-type': 'text/plain' } }
            : { path: number % 3 === 1 ? '/slow?ms=20' : '/', method: 'GET' },
        );
        assert.equal(response.statusCode, 200);
        assert.match(await response.body.text(), /pid|echo/);
        answered += 1;
      } catch (error) {
        lost.push(String(error));
      }
      for (const look of waiting) look();
      await setTimeout(PAUSE_MS);
    }
    await client.destroy();
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, run));
  t.after(() => {
    over.abort();
  });
  return {
    more() {
      const enough = answered + ROUNDS * CLIENTS;
      return new Promise((resolve) => {
        const look = (): void => {
          // A loss ends the wait. The test reports it.
          if (answered < enough && lost.length === 0) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
      });
    },
    async stop() {
      over.abort();
      await clients;
      return lost;
    },
  };
}
