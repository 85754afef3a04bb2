// The routes that speak of the whole service. A real one would not let everybody ask, let alone restart.
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';

const Accepted = Type.Object({ outcome: Type.Literal('see lastRollout in GET /status') });

export const fleetRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/status', async () => app.clustered.status());

  app.post('/restart', { schema: { response: { 202: Accepted } } }, async (_request, reply) => {
    // Nobody waits for the outcome here: this worker is replaced, too.
    app.clustered.restart().catch((error: unknown) => app.log.error({ err: error }, 'restart refused'));
    return reply.code(202).send({ outcome: 'see lastRollout in GET /status' });
  });
};
