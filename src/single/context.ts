// The context of a process that serves alone: the fleet is this process.
import process from 'node:process';
import { MutableContext } from '../app/context.ts';
import type { WorkerState } from '../app/context.ts';
import { SingleError } from '../errors.ts';
import type { FleetStatus } from '../status.ts';

const GENERATION = 1;

export function createSingleContext(): MutableContext {
  // Read now: process.cwd() throws once the directory is gone.
  const generation = { id: GENERATION, entry: process.argv[1] ?? '', cwd: process.cwd() };
  const context = new MutableContext({
    role: 'single',
    slot: 0,
    generation: GENERATION,
    status: async (state) => status(state, generation, context.leader),
    // There is no other worker.
    broadcast: () => true,
    restart: () => Promise.reject(new SingleError()),
  });
  return context;
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
    workers: [{ slot: 0, pid, state: state === 'leaving' ? 'ready' : state, generation: GENERATION, leader }],
    lastRollout: null,
  };
}

const PHASES: Readonly<Record<WorkerState, FleetStatus['phase']>> = {
  booting: 'starting',
  ready: 'running',
  leaving: 'leaving',
  draining: 'stopping',
};
