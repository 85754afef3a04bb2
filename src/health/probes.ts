// Decides what each probe answers, from the status of the fleet. Does no I/O.
import type { FleetStatus } from '../status.ts';

/** What the answers depend on. */
export interface Health {
  readonly status: FleetStatus;
  /** As many workers as at the start were ready once. */
  readonly isStarted: boolean;
}

/** From how much silence on, in ms. */
export interface Silence {
  /** A worker counts as blocked, and gets no credit for being ready. */
  readonly blockedMs: number;
  /** A service in which every worker is blocked counts as dead. Infinity: never. */
  readonly deadMs: number;
}

export interface Answer {
  readonly code: 200 | 503;
  readonly body: AnswerBody;
}

/** Small, and the same for each probe: what a person needs to know who looks at a probe that fails. */
interface AnswerBody {
  readonly status: 'ok' | 'unavailable';
  readonly reason: Reason | null;
  readonly phase: FleetStatus['phase'];
  readonly size: number;
  readonly ready: number;
  /** Of those that are ready. */
  readonly blocked: number;
}

export type Reason = 'starting' | 'leaving' | 'no-worker-ready' | 'all-blocked';

export type Probe = (health: Health, silence: Silence) => Answer;

/** The paths, as the API server of Kubernetes has them: https://kubernetes.io/docs/reference/using-api/health-checks/ */
export const PROBES: ReadonlyMap<string, Probe> = new Map<string, Probe>([
  ['/livez', (health, silence) => answer(health, silence, whyDead(health, silence))],
  ['/readyz', (health, silence) => answer(health, silence, whyUnready(health, silence))],
  ['/startupz', (health, silence) => answer(health, silence, health.isStarted ? null : 'starting')],
]);

/**
 * Being restarted helps a service whose workers all hang, if its own watchdog does not help. It helps neither one that boots, nor one
 * that drains, nor one whose workers crash: those are respawned.
 */
function whyDead({ status }: Health, { deadMs }: Silence): Reason | null {
  return isLeaving(status) || !areAllSilent(status, deadMs) ? null : 'all-blocked';
}

function whyUnready({ status }: Health, { blockedMs }: Silence): Reason | null {
  if (isLeaving(status)) return 'leaving';
  if (readyOf(status).length === 0) return 'no-worker-ready';
  return areAllSilent(status, blockedMs) ? 'all-blocked' : null;
}

function isLeaving({ phase }: FleetStatus): boolean {
  return phase === 'leaving' || phase === 'stopping' || phase === 'stopped';
}

function areAllSilent(status: FleetStatus, limitMs: number): boolean {
  const ready = readyOf(status);
  return ready.length > 0 && ready.length === silentFor(status, limitMs);
}

function readyOf({ workers }: FleetStatus): FleetStatus['workers'] {
  return workers.filter(({ state }) => state === 'ready');
}

function silentFor(status: FleetStatus, limitMs: number): number {
  return readyOf(status).filter(({ silentMs }) => silentMs !== null && silentMs >= limitMs).length;
}

function answer({ status }: Health, { blockedMs }: Silence, reason: Reason | null): Answer {
  return {
    code: reason === null ? 200 : 503,
    body: {
      status: reason === null ? 'ok' : 'unavailable',
      reason,
      phase: status.phase,
      size: status.size,
      ready: readyOf(status).length,
      blocked: silentFor(status, blockedMs),
    },
  };
}
