// Warns, once each, of what goes wrong in containers: nobody can reach the service, signals do not arrive, zombies pile up.
import net from 'node:net';
import { performance } from 'node:perf_hooks';
import { addressOf, boundAt } from '../../net/endpoint.ts';
import type { Endpoint } from '../../net/endpoint.ts';
import type { ClusteredPrimary } from '../clustered-primary.ts';
import type { PrimaryLogger } from '../log/guard.ts';
import { mainProgram } from './main-program.ts';
import { linuxProc } from './proc.ts';
import { Zombies } from './zombies.ts';

type Log = Pick<PrimaryLogger, 'warn'>;

/** How often zombies are looked for besides, in ms: a container that fills its table of processes takes hours or days. */
const LOOK_MS = 30_000;

export function warnOfContainer(
  log: Log,
  endpoints: readonly Endpoint[],
  primary: Pick<ClusteredPrimary, 'events' | 'closed'>,
  proc = linuxProc(),
): void {
  const program = mainProgram(proc);
  if (program === null) return;
  if (areLoopback(endpoints))
    log.warn(
      { addresses: endpoints.map(addressOf), explanation: LOOPBACK },
      'only reachable inside the container',
    );
  if (program.by === 'wrapper')
    log.warn({ command: program.command, explanation: WRAPPED }, 'signals may not arrive');
  if (program.by === 'itself') watchZombies(log, primary, new Zombies(proc, () => performance.now()));
}

const LOOPBACK =
  "a container has a loopback address of its own: listen on '0.0.0.0' or '::' (listen.host, FASTIFY_ADDRESS)";

const WRAPPED =
  'the container sends its signals to this command, which may not pass them on, so the service would be killed in the end; ' +
  'start node itself, in the exec form: CMD ["node", "main.js"], or exec node in the script';

const ZOMBIES =
  'what a worker has started and left behind becomes a child of PID 1, and Node.js reaps only what it has started; ' +
  'start the container with an init: docker run --init, init: true in Compose, or tini as the entrypoint';

export function areLoopback(endpoints: readonly Endpoint[]): boolean {
  return endpoints.every((endpoint) => {
    const bound = boundAt(endpoint);
    if (bound?.type !== 'tcp') return false;
    return bound.host === '::1' || (net.isIPv4(bound.host) && bound.host.startsWith('127.'));
  });
}

/** Looked for where a worker has just ended, which may have left some behind, and now and then. Told once. */
function watchZombies(
  log: Log,
  { events, closed }: Pick<ClusteredPrimary, 'events' | 'closed'>,
  found: Zombies,
): void {
  const look = (): void => {
    const zombies = found.look();
    if (zombies.length === 0) return;
    stop();
    log.warn({ zombies, explanation: ZOMBIES }, 'zombies not reaped');
  };
  const timer = setInterval(look, LOOK_MS).unref();
  const stop = (): void => {
    clearInterval(timer);
    events.off('worker-exited', look);
  };
  events.on('worker-exited', look);
  void closed.then(stop);
}
