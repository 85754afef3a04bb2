// Awake time: what was slept through did not happen.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { AwakeClock, TICK_MS } from '../../../src/primary/awake-clock.ts';

suite('awake clock', () => {
  test('it goes on with the time while it is read every tick, late ticks included', () => {
    let time = 1_000_000;
    const clock = new AwakeClock(() => time);
    for (let tick = 0; tick < 100; tick += 1) {
      time += TICK_MS + 7;
      clock.now();
    }
    assert.equal(clock.now(), 100 * (TICK_MS + 7));
  });

  test('it does not round: what lasts until a time does not end half a millisecond before it', () => {
    let time = 0.25;
    const clock = new AwakeClock(() => time);
    time = 100.875;
    assert.equal(clock.now(), 100.625);
  });

  test('S47: a pause of any length advances it by two ticks at the most', () => {
    let time = 0;
    const clock = new AwakeClock(() => time);
    time = 3_600_000;
    assert.equal(clock.now(), 2 * TICK_MS);
    time += 10;
    assert.equal(clock.now(), 2 * TICK_MS + 10);
  });
});
