// The app, as any Fastify app is written. It knows of the cluster only what it asks of app.clustered.
import process from 'node:process';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, { LogController } from 'fastify';
import { clustered } from 'fastify-clustered';
import type { WorkerContext } from 'fastify-clustered';
import { crashMode } from './crash-mode.ts';
import { faultRoutes } from './routes/faults.ts';
import { fleetRoutes } from './routes/fleet.ts';
import { helloRoutes } from './routes/hello.ts';
import { streamRoutes } from './routes/stream.ts';
import { workRoutes } from './routes/work.ts';

export async function buildApp(worker: WorkerContext) {
  const { slot, generation } = worker;
  const app = Fastify({
    logger: {
      level: process.env['LOG_LEVEL'] ?? 'info',
      base: { pid: process.pid, slot, generation },
    },
    // Two lines for each request would be most of what a benchmark measures.
    logController: new LogController({ disableRequestLogging: true }),
  }).withTypeProvider<TypeBoxTypeProvider>();

  await app.register(clustered, { worker, health: true });
  await app.register(helloRoutes);
  await app.register(workRoutes);
  await app.register(streamRoutes);
  await app.register(faultRoutes);
  await app.register(fleetRoutes);
  await app.register(crashMode);

  app.clustered.onDrain(() =>
    app.log.info('draining: what was accepted is answered, nothing new is accepted'),
  );
  app.addHook('onClose', async () => app.log.info('closed: here a service lets go of its database'));
  return app;
}
