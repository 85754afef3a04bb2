// The stream of troubles. The same seed gives the same stream: which troubles, in what order, after what pauses, on which
// workers. Their effects still differ from run to run, because the service, its clients and the machine run in real time.
import { between, seeded } from '../simulation/random.ts';
import type { Random } from '../simulation/random.ts';
import type { Trouble } from './trouble.ts';

export interface Step {
  /** The pause before it. */
  readonly waitMs: number;
  /** One, or two at once. */
  readonly troubles: readonly Trouble[];
}

type Draw = (random: Random) => Trouble;

/** The watchdog of the service. A process that is stopped for longer than that is stopped for a second longer at least. */
export const WATCHDOG_MS = 4_000;

const kill =
  (count: 1 | 2 | 'all'): Draw =>
  (random) => ({ type: 'kill-workers', count, victim: random() });
const endBy =
  (how: Extract<Trouble, { type: 'ask-to-end' }>['how']): Draw =>
  () => ({ type: 'ask-to-end', how });
const recycle: Draw = (random) => ({ type: 'recycle', victim: random() });
const pause: Draw = (random) => ({
  type: 'pause-worker',
  ms: between(random, 200, 1_200),
  victim: random(),
});
const restart: Draw = () => ({ type: 'restart', times: 1, apartMs: 0 });
const burst: Draw = (random) => ({
  type: 'restart',
  times: between(random, 2, 6),
  apartMs: between(random, 0, 150),
});
const breakLog: Draw = (random) => ({ type: 'break-log', ms: between(random, 2_000, 8_000) });
const prune: Draw = () => ({ type: 'prune-releases' });
const grow: Draw = () => ({ type: 'resize', by: 1 });
const shrink: Draw = () => ({ type: 'resize', by: -1 });

/** Drawn like cards, without replacement, so that even a short soak sees nearly all of them. */
const DECK: readonly Draw[] = [
  kill(1),
  kill(1),
  kill(2),
  kill('all'),
  (random) => ({ type: 'segfault', victim: random() }),
  pause,
  pause,
  (random) => ({ type: 'stop-worker', victim: random() }),
  recycle,
  recycle,
  endBy('throw'),
  endBy('reject'),
  endBy('exit?code=0'),
  endBy('exit?code=1'),
  () => ({ type: 'exhaust-memory' }),
  restart,
  restart,
  burst,
  burst,
  () => ({ type: 'deploy' }),
  () => ({ type: 'deploy-broken', fault: 'throws' }),
  () => ({ type: 'deploy-broken', fault: 'rejects' }),
  () => ({ type: 'deploy-broken', fault: 'hangs' }),
  () => ({ type: 'deploy-broken', fault: 'exits' }),
  breakLog,
  breakLog,
  prune,
  prune,
  grow,
  grow,
  shrink,
  shrink,
  (random) => ({ type: 'pause-primary', ms: between(random, WATCHDOG_MS + 1_000, WATCHDOG_MS + 2_000) }),
];

/** Endless. */
export function* plan(seed: number): Generator<Step, never, undefined> {
  const random = seeded(seed);
  const draw = dealer(random);
  // Measured by the sum of the pauses: a busy machine makes the stream slower, but does not change it.
  let at = 0;
  let nextKill = between(random, 15_000, 35_000);
  for (;;) {
    const waitMs = between(random, 300, 3_000);
    at += waitMs;
    if (at >= nextKill) {
      nextKill = at + between(random, 90_000, 150_000);
      yield { waitMs, troubles: [{ type: 'kill-primary', atRest: random() < 0.5 }] };
    } else {
      yield { waitMs, troubles: random() < 0.2 ? [draw(), draw()] : [draw()] };
    }
  }
}

function dealer(random: Random): () => Trouble {
  let hand: Draw[] = [];
  return () => {
    if (hand.length === 0) hand = [...DECK];
    const [card] = hand.splice(between(random, 0, hand.length - 1), 1);
    if (card === undefined) throw new Error('unreachable: the hand is not empty');
    return card(random);
  };
}
