// With four times as many workers a decision costs about four times as much. Counted, not timed.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { executionsIn } from '../../helpers/executions.ts';
import { drive, driveReady } from './drive.ts';
import type { Driven, Settings } from './drive.ts';

const FEW = 64;
const TIMES = 4;
/** Whatever does not depend on the number of workers makes it less than 4; quadratic were 16. */
const MOST = 4.2;

/** `prepare` is not counted, `act` is. */
function growth<T>(prepare: (size: number) => T, act: (prepared: T) => unknown): number {
  const [few = 0, many = 0] = [FEW, TIMES * FEW].map((size) => {
    const prepared = prepare(size);
    return executionsIn('/src/fleet/', () => void act(prepared));
  });
  assert.ok(few > FEW, `${few} executions are too few to have looked at ${FEW} workers`);
  return many / few;
}

function isNearLinear(grown: number): void {
  assert.ok(grown <= MOST, `${TIMES} times as many workers cost ${grown.toFixed(1)} times as much`);
}

function ready(settings: Settings = {}): (size: number) => Driven {
  return (size) => driveReady({ ...settings, size });
}

/** Half of it is done, and a successor has just become ready. */
function rolling(size: number): Driven {
  const fleet = driveReady({ size }).restarts(2);
  for (let done = 0; done < size / 2; done += 1) {
    fleet
      .ready(fleet.fleet.lastWorkerId)
      .passes(1_000)
      .exits(fleet.fleet.workers[0]?.id ?? 0);
  }
  return fleet.ready(fleet.fleet.lastWorkerId);
}

/** All old workers but one were killed in a rollout: each of them comes back as what it was. */
function crashed(size: number): Driven {
  const fleet = driveReady({ size, rollout: { maxSurge: size } }).restarts(2);
  const old = fleet.fleet.workers.slice(0, size).map(({ id }) => id);
  return fleet.isKilled(...old.slice(1));
}

suite('the cost of a decision is near linear in the number of workers', () => {
  test('the start, with a fork for every slot', () => {
    isNearLinear(
      growth(
        (size) => size,
        (size) => drive({ size }),
      ),
    );
  });

  test('one of many booting workers becomes ready', () => {
    isNearLinear(
      growth(
        (size) => drive({ size }),
        (fleet) => fleet.ready(1),
      ),
    );
  });

  test('a step, after a heartbeat of every worker', () => {
    const heard = (size: number): Driven => {
      const fleet = driveReady({ size, watchdog: { timeoutMs: 30_000 } });
      for (const { id } of fleet.fleet.workers) fleet.heard(id);
      return fleet;
    };
    isNearLinear(growth(heard, (fleet) => fleet.looks()));
  });

  test('a crash and its respawn', () => {
    isNearLinear(growth(ready(), (fleet) => fleet.isKilled(1)));
  });

  test('all workers are killed, one after the other, for each of them', () => {
    isNearLinear(
      growth(ready(), (fleet) => fleet.isKilled(...fleet.fleet.workers.map(({ id }) => id))) / TIMES,
    );
  });

  test('all boots time out at once', () => {
    const booting = (size: number): Driven => drive({ size: size + 1 }).ready(size + 1);
    isNearLinear(growth(booting, (fleet) => fleet.passes(30_000)));
  });

  test('a rollout begins', () => {
    isNearLinear(growth(ready(), (fleet) => fleet.restarts(2)));
  });

  test('in a rollout: a heartbeat', () => {
    isNearLinear(
      growth(
        (size) => rolling(size).heard(1),
        (fleet) => fleet.looks(),
      ),
    );
  });

  test('in a rollout: a successor is available, an old worker drains, the next successor is forked', () => {
    isNearLinear(growth(rolling, (fleet) => fleet.passes(1_000)));
  });

  test('in a rollout: it completes with the last successor', () => {
    const atTheEnd = (size: number): Driven => {
      const fleet = driveReady({ size, rollout: { maxSurge: size } }).restarts(2);
      for (let id = size + 1; id <= 2 * size; id += 1) fleet.ready(id);
      return fleet;
    };
    isNearLinear(growth(atTheEnd, (fleet) => fleet.passes(1_000)));
  });

  test('in a rollout: it aborts, with surge for every slot', () => {
    const surged = (size: number): Driven => driveReady({ size, rollout: { maxSurge: size } }).restarts(2);
    isNearLinear(growth(surged, (fleet) => fleet.exits(fleet.fleet.lastWorkerId, 1)));
  });

  test('in a rollout: the last old worker crashes', () => {
    isNearLinear(growth(crashed, (fleet) => fleet.isKilled(1)));
  });

  test('in a rollout: a restart supersedes it', () => {
    isNearLinear(growth(rolling, (fleet) => fleet.restarts(3)));
  });

  test('every worker asks to be replaced', () => {
    const retiring = (size: number): Driven => {
      const fleet = driveReady({ size });
      for (const { id } of fleet.fleet.workers) fleet.retires(id);
      return fleet;
    };
    isNearLinear(growth(retiring, (fleet) => fleet.looks()));
  });

  test('from one worker to many, and back', () => {
    const many = (size: number): Driven => driveReady({ size });
    isNearLinear(
      growth(
        (size) => ({ size, fleet: driveReady() }),
        ({ size, fleet }) => fleet.scales(size),
      ),
    );
    isNearLinear(growth(many, (fleet) => fleet.scales(1)));
  });

  test('a stop, graceful or forced, with a delay or without', () => {
    isNearLinear(growth(ready(), (fleet) => fleet.stops()));
    isNearLinear(growth(ready(), (fleet) => fleet.stops({ force: true })));
    isNearLinear(growth(ready({ shutdown: { delayMs: 5_000 } }), (fleet) => fleet.stops()));
  });
});
