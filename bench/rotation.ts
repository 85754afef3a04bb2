// The order of the contenders, another one every time.

/** No contender is always the first, or always behind the same one. */
export function rotated<T>(list: readonly T[], by: number): readonly T[] {
  const turned = by % list.length;
  const order = [...list.slice(turned), ...list.slice(0, turned)];
  return Math.floor(by / list.length) % 2 === 0 ? order : order.toReversed();
}
