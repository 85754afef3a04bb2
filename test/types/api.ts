// Compiled, never run: the types as users meet them.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import clustered, { startClustered } from 'fastify-clustered';
import type {
  BackoffOptions,
  BootOptions,
  BuildApp,
  ClusteredOptions,
  ListenOptions,
  RespawnOptions,
  RolloutOptions,
  RolloutResult,
  ShutdownOptions,
  WatchdogOptions,
  WorkerContext,
} from 'fastify-clustered';
import process from 'node:process';
import { pino } from 'pino';
import Type from 'typebox';

/** Any instance fits, whatever its server, logger or type provider. */
export async function anyApp(): Promise<void> {
  await startClustered(() => fastify());
  await startClustered(async () => fastify({ logger: true }));
  await startClustered(() => fastify({ http2: true }));
  await startClustered(async () => fastify({ http2: true, https: {} }));
  await startClustered(() => fastify({ https: {} }));
  await startClustered(() => fastify({ loggerInstance: pino() }));
  await startClustered(async (worker) => {
    const app = fastify().withTypeProvider<TypeBoxTypeProvider>();
    await app.register(clustered, { worker, health: { livez: '/alive' } });
    app.get('/', { schema: { querystring: Type.Object({ n: Type.Number() }) } }, async ({ query }) =>
      query.n.toFixed(),
    );
    return app;
  });
  const build: BuildApp<FastifyInstance> = async () => fastify();
  await startClustered(build);
}

/** Each group of options has a type of its own, and no option is required. */
export function options(workers: number): ClusteredOptions {
  const listen: ListenOptions = { port: 0, host: '::', backlog: 511, timeoutMs: 0 };
  const boot: BootOptions = { timeoutMs: 10_000, concurrency: 2 };
  const backoff: BackoffOptions = { initialMs: 100, maxMs: 1_000 };
  const respawn: RespawnOptions = { minUptimeMs: 1_000, maxEarlyExits: 3, backoff };
  const rollout: RolloutOptions = { maxSurge: workers, graceMs: 60_000 };
  const shutdown: ShutdownOptions = { delayMs: 5_000 };
  const watchdog: WatchdogOptions = { timeoutMs: 10_000 };
  const none: ClusteredOptions = {};
  const flat: ClusteredOptions = { workers: 'auto', closeMs: 500, watchdog: false, env: {}, logger: pino() };
  const release: ClusteredOptions = { entry: 'main.js', cwd: '/srv', execArgv: ['--no-warnings'] };
  return { ...none, ...flat, ...release, workers, listen, boot, respawn, rollout, shutdown, watchdog };
}

/** `undefined` means the default, also under exactOptionalPropertyTypes. */
export function undefinedOptions(): readonly ClusteredOptions[] {
  const none = undefined;
  return [
    {
      workers: none,
      listen: {
        port: none,
        host: none,
        ipv6Only: none,
        path: none,
        mode: none,
        fd: none,
        name: none,
        backlog: none,
      },
      boot: { timeoutMs: none, concurrency: none },
      respawn: { minUptimeMs: none, maxEarlyExits: none, backoff: { initialMs: none, maxMs: none } },
      rollout: { maxSurge: none, maxUnavailable: none, minReadyMs: none, idleMs: none, graceMs: none },
      shutdown: { delayMs: none, idleMs: none, graceMs: none },
      closeMs: none,
      watchdog: { timeoutMs: none },
      control: { path: none },
      entry: none,
      cwd: none,
      env: none,
      execArgv: none,
      logger: none,
    },
    { listen: none, boot: none, respawn: none, rollout: none, shutdown: none, watchdog: none, control: none },
    { control: { path: null } },
    { listen: [{ port: none }, { path: '/run/app.sock' }, { fd: 'http', name: none }] },
    { respawn: { backoff: none }, env: { ...process.env, UNSET: none } },
    { env: ({ generation, cwd }) => ({ RELEASE: `${generation} ${cwd}` }) },
  ];
}

export async function undefinedOfPlugin(app: FastifyInstance): Promise<void> {
  await app.register(clustered, { worker: undefined, health: undefined });
  await app.register(clustered, { health: { livez: undefined, readyz: undefined } });
}

/** A buildApp that tests call without a worker, as a function and as a constant. */
export async function calledFromTests(): Promise<void> {
  async function declared(worker?: WorkerContext) {
    const app = fastify();
    await app.register(clustered, { worker });
    return app;
  }
  const constant: BuildApp<FastifyInstance> = async (worker) => declared(worker);
  await (await declared()).inject('/');
  await (await constant()).inject('/');
  await startClustered(declared);
  await startClustered(constant);
  // Inline there always is a worker.
  await startClustered(({ slot }) => fastify({ logger: { base: { slot } } }));
}

/** The handle is told apart by its role, and the app in it keeps its type. */
export async function handles(): Promise<RolloutResult | undefined> {
  const service = await startClustered(async () => fastify({ http2: true }));
  switch (service.role) {
    case 'primary': {
      const { size }: { size: number } = service.status();
      service.scale(size + 1);
      const { resources } = service.status();
      const quota: number | undefined = resources?.cpuQuota?.value;
      void quota;
      service.events.on('worker-exited', ({ worker, code, signal, expected }) => {
        const facts: [number, number | null, number | null, string | null, boolean] = [
          worker.slot,
          worker.pid,
          code,
          signal,
          expected,
        ];
        return facts;
      });
      service.events.on('rollout-aborted', ({ error, worker }) => [error?.message, worker?.pid?.toFixed()]);
      const result = await service.restart();
      // @ts-expect-error -- only an abort has a reason
      void result.reason;
      return result;
    }
    case 'worker': {
      service.app.server.on('session', (session) => session.goaway());
      // @ts-expect-error -- a worker cannot be closed by hand
      void service.close;
      return undefined;
    }
    case 'single':
      await service.close();
      return undefined;
  }
}

export function misuse(worker: WorkerContext): void {
  // @ts-expect-error -- no app
  void startClustered(() => undefined);
  // @ts-expect-error -- no such option
  const unknown: ClusteredOptions = { worker: 2 };
  // @ts-expect-error -- not a number
  const wrong: ClusteredOptions = { rollout: { maxSurge: 'two' } };
  // @ts-expect-error -- no such option in a group
  const misspelt: ClusteredOptions = { respawn: { backoff: { minMs: 100 } } };
  // @ts-expect-error -- a watchdog is off, or has times
  const enabled: ClusteredOptions = { watchdog: true };
  // @ts-expect-error -- the state is the package's to change
  worker.state = 'ready';
  void [unknown, wrong, misspelt, enabled];
}

/** The plugin's decorator is known on every instance. */
export function decorated(app: FastifyInstance): AbortSignal {
  return app.clustered.signal;
}
