// A stream of server-sent events that never ends by itself. A worker that is to go ends it properly.
import process from 'node:process';
import { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';

const TICK_MS = 1_000;

export const streamRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/stream', async (_request, reply) => {
    reply.header('content-type', 'text/event-stream').header('cache-control', 'no-store');
    return reply.send(Readable.from(ticks(app.clustered.signal)));
  });
};

async function* ticks(signal: AbortSignal): AsyncGenerator<string> {
  for (let tick = 1; !signal.aborted; tick++) {
    yield `data: ${JSON.stringify({ tick, pid: process.pid })}\n\n`;
    // Rejects as soon as the worker begins to drain: nothing but the pause is cut short.
    await setTimeout(TICK_MS, undefined, { signal }).catch(() => undefined);
  }
  // An EventSource connects again by itself, and reaches a worker that stays.
  yield 'event: bye\ndata: connect again\n\n';
}
