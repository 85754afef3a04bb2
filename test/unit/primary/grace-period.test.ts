// The grace period of the orchestrator, compared with the times of a shutdown.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { tooShort } from '../../../src/primary/grace-period.ts';
import { validated } from '../options/validated.ts';

suite('grace period', () => {
  for (const [seconds, options, neededMs] of [
    ['10', {}, null],
    ['9.5', {}, null],
    ['9', {}, 9_500],
    ['30', { shutdown: { delayMs: 20_500 } }, null],
    ['30', { shutdown: { delayMs: 20_501 } }, 30_001],
    ['30s', { shutdown: { graceMs: 60_000 }, closeMs: 5_000 }, 65_500],
    ['0', {}, 9_500],
    ['', {}, null],
    ['soon', {}, null],
    [undefined, {}, null],
  ] as const) {
    test(`S40: ${seconds} seconds, ${JSON.stringify(options)} -> ${neededMs ?? 'fits'}`, () => {
      const found = tooShort(validated(options).policy, { TERMINATION_GRACE_PERIOD_SECONDS: seconds });
      assert.equal(found?.neededMs ?? null, neededMs);
    });
  }

  test('S40: the warning has the sum and what it is made of', () => {
    const { policy } = validated({ shutdown: { delayMs: 15_000, graceMs: 10_000 }, closeMs: 3_000 });
    assert.deepEqual(tooShort(policy, { TERMINATION_GRACE_PERIOD_SECONDS: '20' }), {
      gracePeriodMs: 20_000,
      neededMs: 28_500,
      delayMs: 15_000,
      graceMs: 10_000,
      closeMs: 3_000,
      flushMs: 500,
    });
  });
});
