// What the primary knows of one worker, from fork to exit of its process, as a union of states.

interface Life {
  /** Unique as long as the primary runs; never reused. */
  readonly id: number;
  /** The index of the slot that this worker fills. */
  readonly slot: number;
  /** The id of the generation that it was forked from. */
  readonly generation: number;
  readonly forkedAt: number;
}

/** Forked, and not accepting connections yet. */
export interface Booting extends Life {
  readonly state: 'booting';
  /** A debugger is open in it, and may stop it at any time: then it does not get ready. */
  readonly debugged: boolean;
  /** Why it is to be replaced as soon as it is ready. */
  readonly recycle: RecycleReason | null;
}

/** Accepts connections. */
export interface Ready extends Life {
  readonly state: 'ready';
  readonly readyAt: number;
  /** When its last heartbeat came. */
  readonly heardAt: number;
  /** How many connections in use it held then. Null: it has not said so yet. */
  readonly connections: number | null;
  /** A debugger is open in it, and may stop it at any time: then it is not heard of. */
  readonly debugged: boolean;
  /** Why it is to be replaced, even if its generation is the target. Null: it is not. */
  readonly recycle: RecycleReason | null;
}

/** Finishes what it has accepted, then exits by itself. */
export interface Draining extends Life {
  readonly state: 'draining';
  readonly cause: DrainCause;
  /** False: it was still booting, so it has accepted no connection. */
  readonly wasReady: boolean;
  /** When SIGKILL follows. */
  readonly killAt: number;
}

/** SIGKILL is sent, and it has not exited yet. */
export interface Killing extends Life {
  readonly state: 'killing';
  readonly cause: KillCause;
  readonly killedAt: number;
}

export type Worker = Booting | Ready | Draining | Killing;

/** A worker that fills its slot. The others drain, or are being killed. */
export type Active = Booting | Ready;

export type RecycleReason = 'requested';

/** Why a worker drains. `cancelled`: it was still booting, and is not needed any more. `failing`: it drains by itself. */
export type DrainCause = 'rollout' | 'recycle' | 'scale' | 'cancelled' | 'failing' | 'shutdown';

/** Why a worker is killed. */
export type KillCause = 'boot-timeout' | 'watchdog' | 'drain-timeout' | 'incompatible' | 'forced';

export function isActive(worker: Worker): worker is Active {
  return worker.state === 'booting' || worker.state === 'ready';
}

/** Is it to be replaced although its generation is current? */
export function isRecycled(worker: Worker): boolean {
  return worker.state === 'ready' && worker.recycle !== null;
}

export function isReady(worker: Worker): worker is Ready {
  return worker.state === 'ready';
}

export function isDraining(worker: Worker): worker is Draining {
  return worker.state === 'draining';
}
