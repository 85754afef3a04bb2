// Real containers, by podman and runc, each on a host of its own.
import assert from 'node:assert/strict';
import type { ClusteredOptions } from 'fastify-clustered';
import type { Image } from './image.ts';
import { canHaveHosts, createHost } from './network-namespaces.ts';
import { ULIMITS } from './podman.ts';
import { startService } from './service.ts';
import type { Service } from './service.ts';
import { hasTool } from './tools.ts';

interface TestContext {
  skip(message: string): void;
  after(hook: () => void | Promise<void>): void;
}

/** The default. */
const PORT = 3000;

export interface ContainerOptions {
  readonly image: Image;
  readonly options?: ClusteredOptions;
  readonly env?: Readonly<Record<string, string>>;
  /** More flags of `podman run`. */
  readonly flags?: readonly string[];
}

export interface Container {
  /** Its log and its exit code. Its pid is that of podman. */
  readonly service: Service;
  readonly origin: { readonly host: string; readonly port: number };
  /** Runs `podman <command> [flags] <container>`, and resolves with what it prints. */
  podman(command: string, ...flags: readonly string[]): Promise<string>;
  /** Runs a command in the container, and resolves with what it prints. */
  exec(...command: readonly string[]): Promise<string>;
  get(path: string): Promise<Response>;
}

/** False: the test is marked as skipped, and fails in CI. */
export function canHaveContainers(t: TestContext): boolean {
  return canHaveHosts(t) && hasTool(t, 'podman', 'podman') && hasTool(t, 'runc', 'runc');
}

/** Starts it as `docker run` does. */
export function startContainer(
  t: TestContext,
  { image, options = {}, env = {}, flags = [] }: ContainerOptions,
): Container {
  const host = createHost(t);
  const { name } = host;
  const variables = {
    SERVICE_OPTIONS: JSON.stringify({ logger: { level: 'debug' }, ...options }),
    ...env,
  };
  const service = startService(t, {
    cwd: image.podman.cwd,
    command: () =>
      [
        [...image.podman.words, 'run', '--name', name, '--network', `ns:/run/netns/${name}`],
        ULIMITS,
        Object.entries(variables).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
        image.flags,
        flags,
        image.words,
      ].flat(),
  });
  const origin = { host: host.address, port: PORT };
  return {
    service,
    origin,
    podman: (command, ...rest) => image.podman.run(command, ...rest, name),
    exec: (...command) => image.podman.run('exec', name, ...command),
    get: (target) =>
      fetch(`http://${origin.host}:${origin.port}${target}`, { headers: { connection: 'close' } }),
  };
}

/** {@link startContainer}, and waits until all workers are ready. */
export async function startReadyContainer(t: TestContext, options: ContainerOptions): Promise<Container> {
  const container = startContainer(t, options);
  const { service } = container;
  const failed = service.ended.then(({ code }) => assert.fail(`it exited with ${code}:\n${service.story()}`));
  await Promise.race([service.seen('all workers ready'), failed]);
  failed.catch(() => undefined);
  return container;
}

/** What a GET of that path answers. */
export async function json<T>(container: Container, target: string): Promise<T> {
  const response = await container.get(target);
  return (await response.json()) as T;
}
