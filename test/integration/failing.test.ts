// An uncaught error in a worker: all its other clients are served to the end, whatever the state of their requests.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ask, assertServedBy, gather, openConnection } from '../helpers/bystanders.ts';
import { startReadyService } from '../helpers/service.ts';
import type { Service } from '../helpers/service.ts';
import { ENDLESS } from '../helpers/times.ts';

suite('a worker that fails', () => {
  for (const [scenario, what, path, uncaught] of [
    ['S32', 'an uncaught exception', '/throw', 1],
    ['S32', 'an unhandled rejection', '/reject', 1],
    ['S77', 'several uncaught errors, one after the other', '/throw?times=4', 4],
    ['S77', 'a storm of unhandled rejections', '/storm?count=500', 500],
  ] as const) {
    test(`${scenario}: ${what} -> bystanders of every kind are answered, only the culprit is not`, async (t) => {
      const service = await startReadyService(t, {
        fixture: 'held.js',
        options: { workers: 1, shutdown: ENDLESS },
      });
      const pid = await service.readyPid();
      const bystanders = await gather(service);
      const [keeper, culprit] = [await openConnection(service), await openConnection(service)];
      let lost = true;
      const ended = ask(culprit, path).then(
        () => (lost = false),
        () => undefined,
      );
      await service.seen('uncaught', { count: uncaught });
      // The replacement is ready while the worker still runs, and accepts new connections.
      const { worker } = await service.seen('worker ready', { count: 2 });
      assert.equal(service.lines('worker exited').length, 0);
      assert.equal((await service.get('/')).headers['x-worker'], String(worker?.pid));

      const served = assertServedBy(pid, bystanders);
      assert.equal((await ask(keeper, '/open')).status, 200);
      await served;

      // The worker cannot know which request caused the error, so it waits for the culprit, too, until that one gives up.
      culprit.destroy();
      await ended;
      assert.equal(lost, true);
      const exited = await service.exited(pid);
      assert.deepEqual([exited['code'], exited['expected']], [1, true]);
      await assertLoggedOnce(service);
      assert.equal(await service.stop(), 0);
    });
  }
});

/** However many errors there were: one failure with its stack, one replacement, no crash. */
async function assertLoggedOnce(service: Service): Promise<void> {
  assert.equal(service.lines('worker failing').length, 1);
  assert.match(service.lines('worker failing')[0]?.err?.stack ?? '', /(app|held)\.js/);
  assert.equal(service.lines('worker crashed').length, 0);
  assert.equal(service.lines('worker forked').length, 2);
}
