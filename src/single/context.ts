// The context of a process that serves alone: the fleet is this process.
import process from 'node:process';
import { MutableContext } from '../app/context.ts';
import type { WorkerState } from '../app/context.ts';
import { FurtherServers } from '../drain/further-servers.ts';
import { NamedEndpoints } from '../drain/named-endpoints.ts';
import { SingleError } from '../errors.ts';
import { mainScript } from '../process/command-line.ts';
import type { FleetStatus } from '../status.ts';

const GENERATION = 1;

/** The context, and the status of the fleet, at once. */
export interface Single {
  readonly context: MutableContext;
  status(): FleetStatus;
}

export function createSingle(
  furtherServers = new FurtherServers(),
  endpoints = new NamedEndpoints({ names: null, furtherServers, openings: async () => [] }),
): Single {
  // Read now: process.cwd() throws once the directory is gone.
  const generation = { id: GENERATION, entry: mainScript() ?? '', cwd: process.cwd() };
  const context = new MutableContext({
    role: 'single',
    slot: 0,
    generation: GENERATION,
    status: async (state) => status(state, generation, context.leader),
    // There is no other worker.
    broadcast: () => true,
    addServer: (server) => furtherServers.add(server),
    listen: (server, name) => endpoints.listen(server, name),
    restart: () => Promise.reject(new SingleError()),
  });
  return { context, status: () => status(context.state, generation, context.leader) };
}

export function createSingleContext(furtherServers?: FurtherServers): MutableContext {
  return createSingle(furtherServers).context;
}

function status(state: WorkerState, generation: FleetStatus['target'], leader: boolean): FleetStatus {
  const { pid } = process;
  return {
    pid,
    phase: PHASES[state],
    size: 1,
    target: generation,
    stable: generation,
    rolling: false,
    mixed: false,
    addresses: [],
    balance: null,
    workers: [
      {
        slot: 0,
        pid,
        state: state === 'leaving' ? 'ready' : state,
        generation: GENERATION,
        leader,
        // Who asks is the process itself.
        silentMs: state === 'ready' || state === 'leaving' ? 0 : null,
        connections: null,
      },
    ],
    resources: null,
    lastRollout: null,
  };
}

const PHASES: Readonly<Record<WorkerState, FleetStatus['phase']>> = {
  booting: 'starting',
  ready: 'running',
  leaving: 'leaving',
  draining: 'stopping',
};
