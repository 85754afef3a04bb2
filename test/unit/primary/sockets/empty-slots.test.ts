import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Announcement } from '../../../../src/fleet/command.ts';
import { EmptySlots } from '../../../../src/primary/sockets/empty-slots.ts';
import type { WorkerStatus } from '../../../../src/status.ts';

function ready(slot: number): WorkerStatus {
  return { slot, pid: 1, state: 'ready', generation: 1, leader: false, silentMs: 0, connections: null };
}

function closedBy(announcement: Announcement, ...workers: readonly WorkerStatus[]): readonly number[] {
  const closed: number[] = [];
  const sockets = { closeSlot: (slot: number) => closed.push(slot) > 0 };
  new EmptySlots(sockets, () => ({ size: 2, workers })).hear(announcement);
  return closed;
}

function delayed(slot: number, delayMs: number): Announcement {
  return { type: 'respawn-delayed', slot, generation: 1, earlyExits: 3, delayMs, slowest: false };
}

function exited(slot: number): Announcement {
  const worker = {
    id: 1,
    slot,
    generation: 1,
    forkedAt: 0,
    state: 'booting',
    debugged: false,
    recycle: null,
  } as const;
  return { type: 'worker-exited', worker, code: 1, signal: null, expected: false, explanation: null };
}

suite('slots without a worker', () => {
  test('one that stays so for long loses its sockets, as long as another one is served', () => {
    assert.deepEqual(closedBy(delayed(1, 5_000), ready(0)), [1]);
    assert.deepEqual(closedBy(delayed(1, 5_000)), [], 'nobody is ready: whoever connects waits');
    assert.deepEqual(closedBy(delayed(1, 5_000), ready(1)), [], 'it is served');
  });

  test('one that is soon filled again keeps them, with what waits in their queues', () => {
    assert.deepEqual(closedBy(delayed(1, 500), ready(0)), []);
    assert.deepEqual(closedBy(exited(1), ready(0)), []);
  });

  test('one that was scaled away loses them with its last worker', () => {
    assert.deepEqual(closedBy(exited(2), ready(0)), [2]);
  });
});
