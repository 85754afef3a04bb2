// The routes that take time: of the CPU, or on the clock.
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';

const Turns = Type.Object({ turns: Type.Integer({ minimum: 0, maximum: 1e9, default: 1e7 }) });
// All answers are of one length: `ab` counts any other as failed. So no pid is in it.
const Counted = Type.Object({ turns: Type.Integer(), sum: Type.Number() });

const Wait = Type.Object({ ms: Type.Integer({ minimum: 0, maximum: 60_000, default: 3_000 }) });
const Waited = Type.Object({ ms: Type.Integer(), pid: Type.Integer() });

export const workRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/cpu', { schema: { querystring: Turns, response: { 200: Counted } } }, async (request) => {
    const { turns } = request.query;
    return { turns, sum: sumOf(turns) };
  });

  app.get('/slow', { schema: { querystring: Wait, response: { 200: Waited } } }, async (request) => {
    const { ms } = request.query;
    await setTimeout(ms);
    return { ms, pid: process.pid };
  });
};

/** Blocks this worker's event loop, and nobody else's. */
function sumOf(turns: number): number {
  let sum = 0;
  for (let turn = 0; turn < turns; turn++) sum += turn;
  return sum;
}
