// What a history consists of: a policy, a size, a seed, and the trouble to come.
import type { PolicyName } from './policies.ts';

/** How the processes of a release behave. */
export type Health =
  | 'healthy'
  /** Becomes ready, but takes most of boot.timeoutMs for it. */
  | 'slow'
  /** Fails to boot: reports its error, or just exits. */
  | 'broken'
  /** Never becomes ready. */
  | 'hanging'
  /** Becomes ready, and exits soon after. */
  | 'crashy'
  /** Becomes ready, then available, and exits soon after. */
  | 'short-lived'
  /** Each of its processes is either healthy or broken. */
  | 'flaky'
  /** Speaks another version of the protocol. */
  | 'incompatible';

/** `pick` selects one of the processes that live at that moment. */
export type Trouble =
  | { readonly type: 'worker-killed'; readonly pick: number }
  | { readonly type: 'all-killed' }
  | { readonly type: 'worker-exits'; readonly pick: number }
  | { readonly type: 'worker-throws'; readonly pick: number }
  | { readonly type: 'worker-disconnects'; readonly pick: number }
  | { readonly type: 'worker-ignores-drain'; readonly pick: number }
  | { readonly type: 'worker-frozen'; readonly pick: number; readonly ms: number }
  /** A debugger is opened in it, stops it, and is closed. */
  | { readonly type: 'worker-debugged'; readonly pick: number; readonly ms: number }
  /** For a while it does not exit even after SIGKILL. */
  | { readonly type: 'worker-unkillable'; readonly pick: number }
  | { readonly type: 'worker-retires'; readonly pick: number }
  | { readonly type: 'forks-impossible'; readonly ms: number }
  /** In quick succession; `same`: the release that was deployed last, once more. */
  | { readonly type: 'restarts'; readonly releases: readonly (Health | 'same')[] }
  /** The target turns out to be, or is made to be, of another health. */
  | { readonly type: 'release-changes'; readonly health: Health }
  | { readonly type: 'scale'; readonly size: number }
  | { readonly type: 'scale-step'; readonly by: 1 | -1 }
  /**
   * In a rollout, all available workers are killed but one successor, whose slot is scaled away: it cannot be spared yet. Then
   * it is killed, too.
   */
  | { readonly type: 'last-one-scaled-away'; readonly thenMs: number }
  | { readonly type: 'primary-sleeps'; readonly ms: number }
  | { readonly type: 'primary-busy'; readonly ms: number }
  | { readonly type: 'stop'; readonly force: boolean };

export interface History {
  readonly policy: PolicyName;
  readonly size: number;
  /** Seeds the randomness of the fake world: how long things take, and how they fail. */
  readonly seed: number;
  /** Before the first trouble. */
  readonly calmMs: number;
  /** True: all releases become healthy when the trouble is over. */
  readonly isMended: boolean;
  /** Each with the time in ms since the one before. */
  readonly troubles: readonly (readonly [number, Trouble])[];
  /** After the fleet was told to stop, in the end. */
  readonly lastTroubles: readonly (readonly [number, Trouble])[];
}
