// The Fastify plugin: app.clustered, and opt-in health routes.
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { DecoratorTakenError } from './errors.ts';
import { LiveContext } from './app/context.ts';
import type { WorkerContext } from './app/context.ts';
import { logError } from './app/log-error.ts';
import { createSingleContext } from './single/context.ts';

export interface ClusteredPluginOptions {
  /**
   * What buildApp was given.
   * @default a context of role 'single', for tests and plain scripts
   */
  worker?: WorkerContext;
  /**
   * Adds `GET /livez`, 200 as long as this worker answers at all, and `GET /readyz`, 503 once the whole service is about
   * to stop. The names are those of the Kubernetes API server.
   * @default false
   */
  health?: boolean | HealthRoutes;
}

export interface HealthRoutes {
  /** @default '/livez' */
  livez?: string;
  /** @default '/readyz' */
  readyz?: string;
}

declare module 'fastify' {
  interface FastifyInstance {
    /** This worker, and the fleet around it; by the plugin fastify-clustered. */
    clustered: WorkerContext;
  }
}

async function plugin(
  app: FastifyInstance,
  { worker, health = false }: ClusteredPluginOptions,
): Promise<void> {
  if (app.hasDecorator('clustered')) {
    // Registered twice with the same worker: once is enough.
    if (app.clustered instanceof LiveContext && (worker ?? app.clustered) === app.clustered) return;
    throw new DecoratorTakenError();
  }
  const context = worker ?? alone(app);
  app.decorate('clustered', context);
  if (health !== false) addHealthRoutes(app, context, health === true ? {} : health);
}

/** Without startClustered the app's own life is all there is. */
function alone(app: FastifyInstance): WorkerContext {
  const context = createSingleContext();
  app.addHook('onReady', async () => context.becomeReady());
  app.addHook('preClose', async () => {
    context.becomeUnready();
    await context.becomeDraining((error) => logError(app.log, error, 'an onDrain hook failed'));
  });
  return context;
}

function addHealthRoutes(
  app: FastifyInstance,
  context: WorkerContext,
  { livez = '/livez', readyz = '/readyz' }: HealthRoutes,
): void {
  app.get(livez, { logLevel: 'warn' }, async () => ({ status: 'ok' }));
  app.get(readyz, { logLevel: 'warn' }, async (_request, reply) => {
    const { readiness, state } = context;
    return reply.code(readiness ? 200 : 503).send({ status: readiness ? 'ok' : state });
  });
}

export const clustered = fp(plugin, { name: 'fastify-clustered', fastify: '5.x' });
