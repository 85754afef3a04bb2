// What a history starts from: a policy, a size, a seed, and the trouble to come.
import type { PolicyName } from './policies.ts';

/** How the processes of a release behave. */
export type Health =
  | 'healthy'
  /** Boots, but takes nearly all the time it has. */
  | 'slow'
  /** Fails to boot, and says so, or just exits. */
  | 'broken'
  /** Never gets ready. */
  | 'hanging'
  /** Gets ready, then dies soon. */
  | 'crashy'
  /** Gets ready, proves itself, and then dies. */
  | 'short-lived'
  /** Some of its processes are broken. */
  | 'flaky'
  /** Speaks another version of the protocol. */
  | 'incompatible';

/** `pick` says which of the processes that live at that moment. */
export type Trouble =
  | { readonly type: 'worker-killed'; readonly pick: number }
  | { readonly type: 'all-killed' }
  | { readonly type: 'worker-exits'; readonly pick: number }
  | { readonly type: 'worker-throws'; readonly pick: number }
  | { readonly type: 'worker-disconnects'; readonly pick: number }
  | { readonly type: 'worker-deaf'; readonly pick: number }
  | { readonly type: 'worker-frozen'; readonly pick: number; readonly ms: number }
  /** For a while it does not even die of SIGKILL. */
  | { readonly type: 'worker-undying'; readonly pick: number }
  | { readonly type: 'worker-tires'; readonly pick: number }
  | { readonly type: 'forks-impossible'; readonly ms: number }
  /** In quick succession; `same`: what is wanted, once more. */
  | { readonly type: 'restarts'; readonly releases: readonly (Health | 'same')[] }
  /** What is wanted turns out to be, or is made to be, of another health. */
  | { readonly type: 'release-changes'; readonly health: Health }
  | { readonly type: 'scale'; readonly size: number }
  | { readonly type: 'scale-step'; readonly by: 1 | -1 }
  | { readonly type: 'primary-sleeps'; readonly ms: number }
  | { readonly type: 'primary-busy'; readonly ms: number }
  | { readonly type: 'stop'; readonly force: boolean };

export interface History {
  readonly policy: PolicyName;
  readonly size: number;
  /** Of the world's own randomness: how long things take, which way they fail. */
  readonly seed: number;
  /** Before the first trouble. */
  readonly calmMs: number;
  /** Do the releases become healthy in the end? */
  readonly isMended: boolean;
  /** Each so many milliseconds after the one before. */
  readonly troubles: readonly (readonly [number, Trouble])[];
}
