// Does the primary's heap grow? By the median of the slopes between all pairs of samples (Theil and Sen).
//
// A heap in use after a collection jumps up and down with what is going on: workers that come and go, a rollout. A
// line of least squares follows such jumps, most of all those near its ends; the median does not until nearly a third
// of the samples are off. What leaks with every worker or rollout lifts all later samples, and so the median.

export interface Point {
  readonly at: number;
  readonly heapBytes: number;
}

export type Slope =
  | {
      readonly type: 'judged';
      readonly samples: number;
      readonly kbPerMinute: number;
      readonly grows: boolean;
    }
  | { readonly type: 'too short'; readonly samples: number; readonly kbPerMinute: number | null };

/** At the start of each primary, when code is compiled and caches are filled. */
export const WARM_UP_MS = 45_000;
/** Fewer samples, of all primaries together, show nothing: jumps outweigh the trend. */
export const LEAST_SAMPLES = 60;
/** One worker's handle and channel are some 20 KB, and the soak makes dozens of them a minute. */
export const MOST_KB_PER_MINUTE = 100;

/** Over all primaries, as each one lives for a short time. Only samples of the same primary are paired. */
export function slopeOf(lives: readonly (readonly Point[])[]): Slope {
  const warm = lives.map((points) => points.filter(({ at }) => at >= (points[0]?.at ?? 0) + WARM_UP_MS));
  const samples = warm.reduce((sum, { length }) => sum + length, 0);
  const kbPerMinute = theilSen(warm);
  if (kbPerMinute === null || samples < LEAST_SAMPLES) return { type: 'too short', samples, kbPerMinute };
  return { type: 'judged', samples, kbPerMinute, grows: kbPerMinute > MOST_KB_PER_MINUTE };
}

/** In KB a minute; null: no primary has two samples. */
export function theilSen(lives: readonly (readonly Point[])[]): number | null {
  const slopes = lives.flatMap((points) => slopesOf(thinned(points))).toSorted((a, b) => a - b);
  const [low, high] = [slopes[(slopes.length - 1) >> 1], slopes[slopes.length >> 1]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}

function slopesOf(points: readonly Point[]): readonly number[] {
  return points.flatMap((a, index) =>
    points
      .slice(index + 1)
      .filter((b) => b.at > a.at)
      .map((b) => ((b.heapBytes - a.heapBytes) / 1024 / (b.at - a.at)) * 60_000),
  );
}

/** The number of pairs grows with the square of the samples. After hours, evenly chosen ones are enough. */
function thinned(points: readonly Point[]): readonly Point[] {
  const step = Math.ceil(points.length / 1_000);
  return points.filter((_, index) => index % step === 0);
}
