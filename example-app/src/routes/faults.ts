// The routes that break the worker they reach. A real service has such routes, too; it does not know where.
import process from 'node:process';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';

const Thrown = Type.Object({ willThrow: Type.Boolean(), pid: Type.Integer() });
const Exit = Type.Object({ code: Type.Integer({ minimum: 0, maximum: 255, default: 0 }) });

export const faultRoutes: FastifyPluginAsyncTypebox = async (app) => {
  // Outside of the request no error handler of Fastify's can catch it.
  app.get('/throw', { schema: { response: { 202: Thrown } } }, async (_request, reply) => {
    setTimeout(() => {
      throw new Error('thrown outside of the request');
    }, 10);
    return reply.code(202).send({ willThrow: true, pid: process.pid });
  });

  // No answer: the process is gone before one could be sent.
  app.get('/exit', { schema: { querystring: Exit } }, async (request) => process.exit(request.query.code));
};
