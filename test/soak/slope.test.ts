// The slope of a heap: a leak makes one, jumps do not.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { LEAST_SAMPLES, MOST_KB_PER_MINUTE, WARM_UP_MS, slopeOf, theilSen } from './slope.ts';
import type { Point } from './slope.ts';

const MINUTE = 60_000;

suite('the slope of a heap', () => {
  test('the slope of a line is exact', () => {
    const slope = theilSen(life(10, (minutes) => 5_000 + 120 * minutes));
    assert.ok(slope !== null && Math.abs(slope - 120) < 1e-6);
  });

  test('jumps of a quarter of the samples do not move it by much', () => {
    const slope = theilSen(
      life(100, (minutes, index) => 5_000 + 10 * minutes + (index % 4 === 3 ? 9_000 : 0)),
    );
    assert.ok(slope !== null && Math.abs(slope - 10) < 5, String(slope));
  });

  test('fewer than two samples have no slope', () => {
    assert.equal(theilSen([]), null);
    assert.equal(theilSen(life(1, () => 5_000)), null);
  });

  test('a leak is found, after the warm-up', () => {
    const leak = MOST_KB_PER_MINUTE + 20;
    const slope = slopeOf(life(200, (minutes) => (minutes < 1 ? 9_000 : 5_000 + leak * minutes)));
    assert.ok(slope.type === 'judged');
    assert.ok(slope.grows);
    assert.ok(Math.abs(slope.kbPerMinute - leak) < 1e-6);
  });

  test('a heap that grows only at first does not grow', () => {
    const slope = slopeOf(life(200, (minutes) => 5_000 + 3_000 * Math.min(1, minutes)));
    assert.ok(slope.type === 'judged');
    assert.equal(slope.grows, false);
  });

  test('few samples are not judged, however steep', () => {
    const few = life(LEAST_SAMPLES + WARM_UP_MS / 3_000 - 1, (minutes) => 5_000 + 900 * minutes);
    assert.equal(slopeOf(few).type, 'too short');
    assert.equal(slopeOf([]).type, 'too short');
  });

  test('primaries that lived briefly are judged together, but their samples are never paired', () => {
    const short = WARM_UP_MS / 3_000 + LEAST_SAMPLES / 2;
    const lives = [5_000, 9_000].map((start) => points(short, (minutes) => start + 130 * minutes));
    const slope = slopeOf(lives);
    assert.equal(slope.type, 'judged');
    assert.equal(slope.samples, LEAST_SAMPLES);
    assert.ok(slope.kbPerMinute !== null && Math.abs(slope.kbPerMinute - 130) < 1e-6);
    assert.equal(slopeOf(lives.slice(0, 1)).type, 'too short');
  });

  test('evenly chosen ones stand for many thousand samples', () => {
    const slope = theilSen(life(20_000, (minutes) => 5_000 + 30 * minutes));
    assert.ok(slope !== null && Math.abs(slope - 30) < 1e-6);
  });
});

function life(...samples: Parameters<typeof points>): readonly (readonly Point[])[] {
  return [points(...samples)];
}

/** One every three seconds. */
function points(count: number, heapKb: (minutes: number, index: number) => number): readonly Point[] {
  return Array.from({ length: count }, (_, index) => ({
    at: index * 3_000,
    heapBytes: 1024 * heapKb((index * 3_000) / MINUTE, index),
  }));
}
