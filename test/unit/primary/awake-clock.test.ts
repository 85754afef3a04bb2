// The awake clock: it goes on while it is read, and leaves out what the process slept through.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { AwakeClock, TICK_MS } from '../../../src/primary/awake-clock.ts';

suite('awake clock', () => {
  test('it keeps up with the time while it is read every tick, even if the ticks are late', () => {
    let time = 1_000_000;
    const clock = new AwakeClock(() => time);
    for (let tick = 0; tick < 100; tick += 1) {
      time += TICK_MS + 7;
      clock.now();
    }
    assert.equal(clock.now(), 100 * (TICK_MS + 7));
  });

  test('it does not round: a deadline does not come half a millisecond early', () => {
    let time = 0.25;
    const clock = new AwakeClock(() => time);
    time = 100.875;
    assert.equal(clock.now(), 100.625);
  });

  test('S47: a pause of any length advances it by two ticks at most', () => {
    let time = 0;
    const clock = new AwakeClock(() => time);
    time = 3_600_000;
    assert.equal(clock.now(), 2 * TICK_MS);
    time += 10;
    assert.equal(clock.now(), 2 * TICK_MS + 10);
  });
});
