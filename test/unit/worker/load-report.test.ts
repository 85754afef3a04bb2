import assert from 'node:assert/strict';
import { mock, suite, test } from 'node:test';
import type { ConnectionLoad } from '../../../src/drain/connection-load.ts';
import { LoadReport } from '../../../src/worker/load-report.ts';

suite('what a worker tells of its connections', () => {
  test('their number when it has changed, and after it has given some back in any case', (t) => {
    mock.timers.enable({ apis: ['setInterval'] });
    t.after(() => mock.timers.reset());
    const load = { inUse: 0, looks: 0, given: 0 };
    const told: number[] = [];
    const report = new LoadReport(
      {
        get inUse() {
          return load.inUse;
        },
        look: () => void (load.looks += 1),
        giveBack: (count: number) => void (load.given += count),
      } as unknown as ConnectionLoad,
      () => void told.push(load.inUse),
    );
    mock.timers.tick(500);
    assert.deepEqual(told, [0], 'the first number, whatever it is');
    mock.timers.tick(1_000);
    load.inUse = 3;
    mock.timers.tick(1_000);
    assert.deepEqual(told, [0, 3]);
    report.giveBack(2);
    mock.timers.tick(500);
    assert.deepEqual([told, load.given, load.looks], [[0, 3, 3], 2, 6]);
  });
});
