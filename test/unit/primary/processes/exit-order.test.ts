// When the exit of a worker is reported: after all that belongs before it.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { afterOwnSignal } from '../../../../src/primary/processes/exit-order.ts';

suite('the order in which an exit is reported', () => {
  test('S102: an end by a signal that ends the service, too, waits for that; any other is reported at once', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const reported: (string | null)[] = [];
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGKILL', 'SIGSEGV', null]) {
      afterOwnSignal(signal, () => reported.push(signal));
    }
    assert.deepEqual(reported, ['SIGKILL', 'SIGSEGV', null]);
    t.mock.timers.tick(200);
    assert.deepEqual(reported.slice(3), ['SIGTERM', 'SIGINT']);
  });
});
