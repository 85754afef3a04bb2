// The events: the details of an announcement, and listeners that fail.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { AnnouncementEvents } from '../../../../src/primary/observers/announcement-events.ts';
import { ABORTED, DRAINING, NAME, READY, memoryLog, pidOf } from './announcements.ts';
import type { Line } from './announcements.ts';

suite('announcement events', () => {
  test('an exit has an explanation, which is null where nothing needs to be explained', () => {
    const { events, details } = listen('worker-exited');
    events.hear({
      type: 'worker-exited',
      worker: READY,
      code: 3,
      signal: null,
      expected: false,
      explanation: null,
    });
    events.hear({
      type: 'worker-exited',
      worker: DRAINING,
      code: 0,
      signal: null,
      expected: true,
      explanation: null,
    });
    assert.match(String(Reflect.get(Object(details[0]), 'explanation')), /process\.exit\(3\)/);
    const facts = { worker: NAME, code: 0, signal: null, expected: true, explanation: null };
    assert.deepEqual(details[1], facts);
  });

  test('an abort has the error and the worker that failed, or null for both', () => {
    const { events, details } = listen('rollout-aborted');
    events.hear(ABORTED);
    events.hear({ ...ABORTED, reason: 'stopping', error: null, worker: null });
    const { type: _, ...facts } = ABORTED;
    const error: unknown = Reflect.get(Object(details[0]), 'error');
    assert.ok(error instanceof TypeError && error.stack === ABORTED.error.stack);
    assert.deepEqual(details[0], { ...facts, error, worker: NAME });
    assert.deepEqual(details[1], { ...facts, reason: 'stopping', error: null, worker: null });
  });

  test('the end of the fleet has reason, exit code and error', () => {
    const { events, details } = listen('fleet-stopping');
    events.hear({ type: 'fleet-stopping', ending: { exitCode: 0, reason: 'requested', error: null } });
    assert.deepEqual(details, [{ reason: 'requested', exitCode: 0, error: null }]);
  });

  test('a listener that throws, or rejects, is logged, and later events are emitted all the same', async () => {
    const { events, details, lines } = listen('size-changed');
    events.emitter.on('size-changed', ({ to }) => {
      if (to === 2) throw new RangeError('thrown');
    });
    events.emitter.on('size-changed', async ({ to }) => {
      if (to === 3) throw new TypeError('rejected');
    });
    for (const to of [2, 3, 4]) events.hear({ type: 'size-changed', from: 1, to });
    assert.equal(details.length, 3);
    // Node reports a rejection in the next tick after it.
    await new Promise(setImmediate);
    assert.deepEqual(
      lines.map(({ level, message, facts: { err } }) => [level, message, String(err)]),
      [
        ['error', 'an event listener failed', 'RangeError: thrown'],
        ['error', 'an event listener failed', 'TypeError: rejected'],
      ],
    );
  });
});

function listen(name: 'worker-exited' | 'rollout-aborted' | 'fleet-stopping' | 'size-changed'): {
  readonly events: AnnouncementEvents;
  readonly details: readonly unknown[];
  readonly lines: readonly Line[];
} {
  const lines: Line[] = [];
  const details: unknown[] = [];
  const events = new AnnouncementEvents(memoryLog(lines), pidOf);
  events.emitter.on(name, (given: unknown) => details.push(given));
  return { events, details, lines };
}
