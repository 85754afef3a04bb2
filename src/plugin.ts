// The Fastify plugin: app.clustered, and opt-in health routes.
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { MutableContext } from './app/context.ts';
import type { WorkerContext } from './app/context.ts';
import { logError } from './app/log-error.ts';
import { FurtherServers } from './drain/further-servers.ts';
import { DecoratorTakenError } from './errors.ts';
import { createSingleContext } from './single/context.ts';

export interface ClusteredPluginOptions {
  /**
   * The context that buildApp was called with.
   * @default a context of role 'single', for tests and plain scripts without startClustered
   */
  worker?: WorkerContext | undefined;
  /**
   * Adds `GET /livez`, which answers 200 as long as this worker answers at all, and `GET /readyz`, which answers 200 or, if
   * `readiness` is false, 503. The names are those of the Kubernetes API server. `true`: with the default paths.
   * @default false
   */
  health?: boolean | HealthRoutes | undefined;
}

/** The paths of the health routes. */
export interface HealthRoutes {
  /** @default '/livez' */
  livez?: string | undefined;
  /** @default '/readyz' */
  readyz?: string | undefined;
}

declare module 'fastify' {
  interface FastifyInstance {
    /** This worker, and the fleet around it. Added by the plugin fastify-clustered. */
    clustered: WorkerContext;
  }
}

async function plugin(
  app: FastifyInstance,
  { worker, health = false }: ClusteredPluginOptions,
): Promise<void> {
  if (app.hasDecorator('clustered')) {
    // It may be registered twice, but not with another context.
    if (app.clustered instanceof MutableContext && (worker ?? app.clustered) === app.clustered) return;
    throw new DecoratorTakenError();
  }
  const context = worker ?? createAppContext(app);
  app.decorate('clustered', context);
  if (health !== false) addHealthRoutes(app, context, health === true ? {} : health);
}

/**
 * Without startClustered the context follows the app: ready with it, the leader once it listens, draining when it closes. In a
 * test that injects requests nothing listens, so no job of the leader runs.
 */
function createAppContext(app: FastifyInstance): WorkerContext {
  const furtherServers = new FurtherServers();
  const context = createSingleContext(furtherServers);
  app.addHook('onReady', async () => context.markReady());
  app.addHook('onListen', async () => {
    void context.lead((error) => logError(app.log, error, 'an onLeader hook failed'));
  });
  app.addHook('preClose', async () => {
    context.markLeaving();
    const hooks = context.startDraining((error) => logError(app.log, error, 'an onDrain hook failed'));
    // As Fastify closes the app's own: idle connections at once, and without a limit for requests under way.
    const further = furtherServers.drain({ final: true, idleMs: 0, graceMs: Infinity });
    await Promise.all([hooks, further]);
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

/**
 * The Fastify plugin. Decorates the app with `app.clustered`.
 * @throws FST_CLUSTERED_DECORATOR_TAKEN: the app has a decorator of that name that is not this plugin's
 */
export const clustered = fp(plugin, { name: 'fastify-clustered', fastify: '5.x' });
