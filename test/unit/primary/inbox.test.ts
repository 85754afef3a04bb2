// The inbox: all that had arrived by a certain time becomes one step.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { setImmediate as nextImmediate } from 'node:timers/promises';
import type { FleetEvent } from '../../../src/fleet/event.ts';
import { AwakeClock } from '../../../src/primary/awake-clock.ts';
import { Inbox } from '../../../src/primary/inbox.ts';

interface Reading {
  readonly workers: readonly number[];
  readonly now: number;
}

function ready(worker: number): FleetEvent {
  return { type: 'worker-ready', worker };
}

/** More turns of the event loop than the longest reading takes. */
async function everythingIsRead(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await nextImmediate();
}

/** An inbox, what it has handed over, and the time that its clock is at: real time does not count. */
function openInbox({ read = (): number => 0, onRead = (): void => {} } = {}) {
  const readings: Reading[] = [];
  const clock = new AwakeClock(read);
  const inbox = new Inbox(clock, (events, now) => {
    readings.push({ workers: events.map((event) => ('worker' in event ? event.worker : NaN)), now });
    onRead();
  });
  return { inbox, readings };
}

suite('inbox', () => {
  test('events that arrive while it reads belong to the same step, in their order', async () => {
    const { inbox, readings } = openInbox();
    inbox.add(ready(1));
    await nextImmediate();
    inbox.add(ready(2));
    inbox.add(ready(3));
    await nextImmediate();
    inbox.add(ready(4));
    assert.deepEqual(readings, [], 'it still reads');
    await everythingIsRead();
    assert.deepEqual(readings, [{ workers: [1, 2, 3, 4], now: 0 }]);
  });

  test('it hands nothing over in the turn of the event loop in which an event arrives', async () => {
    const { inbox, readings } = openInbox();
    inbox.add(ready(1));
    await Promise.resolve();
    assert.deepEqual(readings, []);
    await everythingIsRead();
    assert.equal(readings.length, 1);
  });

  test('events that arrive when a step is over are another step, and none comes twice', async () => {
    const { inbox, readings } = openInbox();
    inbox.add(ready(1));
    await everythingIsRead();
    inbox.add(ready(2));
    await everythingIsRead();
    assert.deepEqual(
      readings.map(({ workers }) => workers),
      [[1], [2]],
    );
  });

  test('an event that is added during a step belongs to the next one', async () => {
    let steps = 0;
    const { inbox, readings } = openInbox({
      onRead: () => {
        steps += 1;
        if (steps === 1) inbox.add(ready(2));
      },
    });
    inbox.add(ready(1));
    await everythingIsRead();
    assert.deepEqual(
      readings.map(({ workers }) => workers),
      [[1], [2]],
    );
  });

  test('the time of a step is that at which its reading began: what happened until then is known', async () => {
    let time = 0;
    const { inbox, readings } = openInbox({ read: () => time });
    time = 100.25;
    inbox.add(ready(1));
    time = 120.5;
    inbox.add(ready(2));
    await everythingIsRead();
    assert.deepEqual(readings, [{ workers: [1, 2], now: 100.25 }]);
  });
});

suite('an urgent event', () => {
  test('S42: it is handed over at once, with all that is there, and nothing comes twice', async () => {
    let time = 0;
    const { inbox, readings } = openInbox({ read: () => time });
    inbox.add(ready(1));
    await nextImmediate();
    time = 7;
    inbox.addUrgent(ready(2));
    assert.deepEqual(readings, [{ workers: [1, 2], now: 7 }]);
    await everythingIsRead();
    assert.equal(readings.length, 1, 'the reading that it overtook is given up: its time is before this one');
  });

  test('what arrives behind it belongs to the next step', async () => {
    const { inbox, readings } = openInbox();
    inbox.add(ready(1));
    inbox.addUrgent(ready(2));
    inbox.add(ready(3));
    await everythingIsRead();
    assert.deepEqual(
      readings.map(({ workers }) => workers),
      [[1, 2], [3]],
    );
  });

  test('during a step it belongs to the next one, since a step is not entered twice', async () => {
    let steps = 0;
    const { inbox, readings } = openInbox({
      onRead: () => {
        steps += 1;
        if (steps === 1) inbox.addUrgent(ready(2));
        assert.equal(readings.length, steps);
      },
    });
    inbox.addUrgent(ready(1));
    assert.equal(readings.length, 1);
    await everythingIsRead();
    assert.deepEqual(
      readings.map(({ workers }) => workers),
      [[1], [2]],
    );
  });
});

suite('reading that takes long', () => {
  /** Every look at this clock is so many milliseconds after the one before, for the first looks. */
  function slowly(stepMs: number, looks = Infinity): () => number {
    let time = 0;
    let look = 0;
    return () => {
      look += 1;
      if (look <= looks) time += stepMs;
      return time;
    };
  }

  test('up to 50 ms it is taken as it is', async () => {
    const { inbox, readings } = openInbox({ read: slowly(50) });
    inbox.add(ready(1));
    await everythingIsRead();
    assert.deepEqual(readings, [{ workers: [1], now: 50 }]);
  });

  test('S47: after more it starts again, so that the time of the step is not long ago', async () => {
    // The first look is at the making of the clock, the next two begin and end a reading.
    const { inbox, readings } = openInbox({ read: slowly(51, 3) });
    inbox.add(ready(1));
    await everythingIsRead();
    assert.deepEqual(readings, [{ workers: [1], now: 102 }]);
  });

  test('what arrives while it reads again belongs to the same step', async () => {
    let looks = 0;
    const read = slowly(51, 3);
    const { inbox, readings } = openInbox({
      read: () => {
        looks += 1;
        // The second reading begins.
        if (looks === 4) inbox.add(ready(2));
        return read();
      },
    });
    inbox.add(ready(1));
    await everythingIsRead();
    assert.deepEqual(readings, [{ workers: [1, 2], now: 102 }]);
  });

  test('it starts no more than twice again: a process that is always busy steps, too', async () => {
    const { inbox, readings } = openInbox({ read: slowly(51) });
    inbox.add(ready(1));
    await everythingIsRead();
    // Looks: 51 and 102, 153 and 204, 255.
    assert.deepEqual(readings, [{ workers: [1], now: 255 }]);
  });
});

suite('the time to read at', () => {
  /** Timers fire when the test says so; the immediates of reading are real. */
  function openInboxWithTimers(t: TestContext) {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let time = 0;
    const opened = openInbox({ read: () => time });
    const passes = async (ms: number): Promise<void> => {
      time += ms;
      t.mock.timers.tick(ms);
      await everythingIsRead();
    };
    return { ...opened, passes };
  }

  test('it reads then, also if nothing has arrived, once and not before', async (t) => {
    const { inbox, readings, passes } = openInboxWithTimers(t);
    inbox.readAt(100);
    await passes(99);
    assert.deepEqual(readings, []);
    await passes(1);
    assert.deepEqual(readings, [{ workers: [], now: 100 }]);
    await passes(500);
    assert.equal(readings.length, 1);
  });

  test('a fraction of a millisecond is waited for: a deadline does not come early', async (t) => {
    const { inbox, readings, passes } = openInboxWithTimers(t);
    inbox.readAt(100.2);
    await passes(100);
    assert.deepEqual(readings, []);
    await passes(1);
    assert.deepEqual(readings, [{ workers: [], now: 101 }]);
  });

  test('a time that is over already is now', async (t) => {
    const { inbox, readings, passes } = openInboxWithTimers(t);
    await passes(400);
    inbox.readAt(100);
    // Node makes a timer of 0 ms one of 1 ms.
    await passes(1);
    assert.equal(readings.length, 1);
  });

  test('a new time replaces the one before, be it later or earlier', async (t) => {
    const { inbox, readings, passes } = openInboxWithTimers(t);
    inbox.readAt(50);
    inbox.readAt(200);
    await passes(199);
    assert.deepEqual(readings, []);
    inbox.readAt(1_000);
    inbox.readAt(300);
    await passes(101);
    assert.deepEqual(readings, [{ workers: [], now: 300 }]);
    await passes(1_000);
    assert.equal(readings.length, 1);
  });

  test('if it comes while it reads, it is the same step', async (t) => {
    const { inbox, readings, passes } = openInboxWithTimers(t);
    inbox.readAt(10);
    inbox.add(ready(1));
    await passes(10);
    assert.deepEqual(readings, [{ workers: [1], now: 0 }]);
  });

  test('once it is stopped no time is waited for', async (t) => {
    const { inbox, readings, passes } = openInboxWithTimers(t);
    inbox.readAt(100);
    inbox.stop();
    await passes(1_000);
    assert.deepEqual(readings, []);
  });
});
