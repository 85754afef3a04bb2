// The stream of troubles: a seed repeats it, and it leaves no trouble out.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { WATCHDOG_MS, plan } from './plan.ts';
import type { Step } from './plan.ts';
import { nameOf } from './trouble.ts';

suite('the plan of a soak', () => {
  test('a seed repeats the stream of troubles, another seed gives another one', () => {
    assert.deepEqual(steps(7, 500), steps(7, 500));
    assert.notDeepEqual(steps(7, 20), steps(8, 20));
  });

  test('every deck has every kind of trouble at least once, and sometimes two at once', () => {
    const shared = steps(1, 60).flatMap(({ troubles }) =>
      troubles.filter(({ type }) => type !== 'kill-primary'),
    );
    const ofDeck = (from: number): ReadonlySet<string> => new Set(shared.slice(from, from + 33).map(nameOf));
    assert.equal(ofDeck(0).size, 24);
    assert.deepEqual(ofDeck(33), ofDeck(0));
    assert.ok(steps(1, 60).some(({ troubles }) => troubles.length === 2));
  });

  test('the primary is killed once in the first minute, then about every two minutes, never with another trouble', () => {
    for (let seed = 0; seed < 20; seed += 1) {
      let at = 0;
      const kills: number[] = [];
      for (const { waitMs, troubles } of steps(seed, 1_000)) {
        at += waitMs;
        if (troubles.every(({ type }) => type !== 'kill-primary')) continue;
        assert.equal(troubles.length, 1);
        kills.push(at);
      }
      const [first = 0] = kills;
      assert.ok(first >= 15_000 && first <= 38_000, `seed ${seed}: ${first}`);
      for (const [index, kill] of kills.slice(1).entries()) {
        const gap = kill - (kills[index] ?? 0);
        assert.ok(gap >= 90_000 && gap <= 153_000, `seed ${seed}: ${gap}`);
      }
    }
  });

  test('the primary is stopped for longer than the watchdog, a worker that will be continued for less', () => {
    for (const { troubles } of steps(3, 1_000)) {
      for (const trouble of troubles) {
        if (trouble.type === 'pause-primary') assert.ok(trouble.ms > WATCHDOG_MS);
        if (trouble.type === 'pause-worker') assert.ok(trouble.ms < WATCHDOG_MS / 2);
      }
    }
  });
});

function steps(seed: number, count: number): readonly Step[] {
  const stream = plan(seed);
  return Array.from({ length: count }, () => stream.next().value);
}
