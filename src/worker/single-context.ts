// The context of a process that serves alone: the fleet is this process.
import process from 'node:process';
import { SingleError } from '../errors.ts';
import type { FleetStatus } from '../status.ts';
import { LiveContext } from './context.ts';
import type { WorkerState } from './context.ts';

const GENERATION = 1;

export function createSingleContext(): LiveContext {
  return new LiveContext({
    role: 'single',
    slot: 0,
    generation: GENERATION,
    status: async (state) => status(state),
    restart: () => Promise.reject(new SingleError()),
  });
}

function status(state: WorkerState): FleetStatus {
  const { pid } = process;
  return {
    pid,
    phase: PHASES[state],
    size: 1,
    generation: { id: GENERATION, entry: process.argv[1] ?? '', cwd: process.cwd() },
    rolling: false,
    mixed: false,
    addresses: [],
    workers: [{ slot: 0, pid, state: state === 'leaving' ? 'ready' : state, generation: GENERATION }],
    lastRollout: null,
  };
}

const PHASES: Readonly<Record<WorkerState, FleetStatus['phase']>> = {
  booting: 'starting',
  ready: 'running',
  leaving: 'leaving',
  draining: 'stopping',
};
