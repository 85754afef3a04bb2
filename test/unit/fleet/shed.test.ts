import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Command } from '../../../src/fleet/command.ts';
import { seeded } from '../../simulation/random.ts';
import { Driven } from './drive.ts';
import { defaultPolicy } from '../../helpers/default-policy.ts';

/** Until what was given back is counted. */
const SETTLE_MS = 1_000;

/** Ready for long enough to be counted. */
function fleetOf(size: number, policy = defaultPolicy): Driven {
  const fleet = new Driven(policy, size);
  fleet.ready(...workers(size)).passes(SETTLE_MS);
  fleet.does();
  return fleet;
}

function workers(size: number): readonly number[] {
  return Array.from({ length: size }, (_, index) => index + 1);
}

function told(fleet: Driven, ...counts: readonly number[]): Driven {
  for (const [index, count] of counts.entries()) fleet.heard(index + 1, count);
  return fleet.looks();
}

suite('a worker that holds more than its share', () => {
  test('gives back what is above it', () => {
    const fleet = fleetOf(4);
    assert.deepEqual(told(fleet, 64, 0, 0, 0).does(), ['shed 48 of #1']);
    assert.deepEqual(fleet.told.at(-1), {
      type: 'connections-shed',
      worker: fleet.fleet.workers[0],
      connections: 48,
    });
  });

  test('several give back at once', () => {
    assert.deepEqual(told(fleetOf(4), 30, 26, 4, 4).does(), ['shed 14 of #1', 'shed 10 of #2']);
  });

  test('no more than 256 at once', () => {
    assert.deepEqual(told(fleetOf(2), 4_000, 0).does(), ['shed 256 of #1']);
  });

  test('by chance alone -> it keeps them', () => {
    for (const counts of [
      [19, 15, 15, 15],
      [4, 2, 1, 1],
      [2, 0, 0, 0],
      [12, 8],
      [0, 0],
    ])
      assert.deepEqual(told(fleetOf(counts.length), ...counts).does(), [], counts.join());
  });

  test('again only when it is counted what came of it', () => {
    const fleet = fleetOf(4);
    told(fleet, 64, 0, 0, 0).does();
    assert.deepEqual(fleet.passes(20_000).does(), [], 'it is silent');
    told(fleet, 64, 0, 0, 0).does();
    fleet.passes(SETTLE_MS - 1);
    assert.deepEqual(told(fleet, 40, 10, 7, 7).does(), []);
    assert.equal(fleet.nextWakeIn, 1);
    assert.deepEqual(fleet.passes(1).does(), ['shed 24 of #1']);
  });

  test('it does not help -> each time the pause is longer', () => {
    const fleet = fleetOf(2, { ...defaultPolicy, watchdog: false });
    const rounds: number[] = [];
    for (const from = fleet.now; fleet.now - from < 600_000;) {
      if (told(fleet, 64, 0).does().length > 0) rounds.push((fleet.now - from) / 1_000);
      fleet.passes(500);
    }
    assert.deepEqual(
      rounds,
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 18, 26, 42, 74, 138, 266, 394, 522],
    );
    // It has helped at last: from then on it is quick again.
    told(fleet, 32, 32).passes(130_000).does();
    told(fleet, 33, 31).passes(1).does();
    assert.deepEqual(told(fleet, 64, 0).does(), ['shed 32 of #1']);
    assert.deepEqual(told(fleet.passes(SETTLE_MS), 64, 0).does(), ['shed 32 of #1']);
  });
});

suite('nothing is given back', () => {
  test('if it is switched off', () => {
    assert.deepEqual(told(fleetOf(4, { ...defaultPolicy, shed: false }), 64, 0, 0, 0).does(), []);
  });

  test('before every worker has told what it holds', () => {
    const fleet = fleetOf(2).heard(1, 64).looks();
    assert.deepEqual(fleet.does(), []);
    assert.deepEqual(fleet.heard(2, 0).looks().does(), ['shed 32 of #1']);
  });

  test('while a slot has no ready worker, and until its new one is counted', () => {
    const fleet = fleetOf(2);
    fleet.happens({ type: 'worker-exited', worker: 2, code: null, signal: 'SIGKILL' });
    fleet.does();
    assert.deepEqual(fleet.heard(1, 64).looks().does(), []);
    fleet.ready(3).passes(SETTLE_MS - 1);
    assert.deepEqual(fleet.heard(3, 0).looks().does(), []);
    assert.deepEqual(fleet.passes(1).does(), ['shed 32 of #1']);
  });

  test('in a rollout; after it, it is', () => {
    const fleet = fleetOf(1).passes(100);
    fleet.happens({ type: 'scale-requested', size: 2 }).ready(2).passes(60_000);
    fleet.restarts(2);
    fleet.does();
    assert.deepEqual(told(fleet, 64, 0).does(), []);
  });

  test('while the service is about to stop', () => {
    const policy = { ...defaultPolicy, shutdown: { ...defaultPolicy.shutdown, delayMs: 60_000 } };
    const fleet = fleetOf(2, policy).stops();
    fleet.does();
    assert.deepEqual(told(fleet, 64, 0).does(), []);
  });

  test('by a single worker', () => {
    assert.deepEqual(told(fleetOf(1), 64).does(), []);
  });
});

test('S53: wherever clients come to rest -> it is even within ten rounds nearly always, and then it stays so', () => {
  const runs = 500;
  let slow = 0;
  for (let seed = 1; seed <= runs; seed += 1) {
    const random = seeded(seed);
    const fleet = fleetOf(4);
    const held = [64, 0, 0, 0];
    let rounds = 0;
    for (let round = 0; round < 60; round += 1) {
      const before = fleet.commands.length;
      told(fleet, ...held);
      const shed = fleet.commands.slice(before).filter(isShed);
      if (shed.length > 0) rounds += 1;
      for (const { worker, connections } of shed) {
        held[worker - 1] = (held[worker - 1] ?? 0) - connections;
        for (let client = 0; client < connections; client += 1) {
          // The one that gives back is awake, and takes every other one itself.
          const index = random() < 0.4 ? worker - 1 : Math.floor(random() * held.length);
          held[index] = (held[index] ?? 0) + 1;
        }
      }
      fleet.passes(SETTLE_MS);
    }
    if (rounds > 10) slow += 1;
    assert.ok(Math.max(...held) <= 1.3 * 16, `${held.join('/')} after ${rounds} rounds, seed ${seed}`);
  }
  assert.ok(slow < runs / 100, `${slow} of ${runs} took more than ten rounds`);
});

function isShed(command: Command): command is Extract<Command, { type: 'shed' }> {
  return command.type === 'shed';
}
