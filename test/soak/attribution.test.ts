// Which worker had accepted a lost request, and whether its exit explains the loss. The soak must be able to fail here.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Loss } from '../helpers/load-report.ts';
import { attribute, closedWithin } from './attribution.ts';
import type { Account, Finding } from './attribution.ts';
import type { Exit } from './exits.ts';

const KILLED: Exit = { pid: 7, cause: 'SIGKILL by the soak', kind: 'abrupt', from: 1_000, until: 1_010 };
const PORT = 50_000;
const ACCEPTED = { pid: 7, port: PORT, at: 905 };

suite('attribution of losses', () => {
  test('a loss at the abrupt exit of the worker that had accepted it is explained', () => {
    assert.deepEqual(types({ accepts: [ACCEPTED] }, lossAt(1_002)), [
      'accepted by a worker that exited abruptly',
    ]);
    assert.deepEqual(types({ accepts: [ACCEPTED] }, { ...lossAt(1_002), fate: 'cut' }), [
      'accepted by a worker that exited abruptly',
    ]);
  });

  test('a loss before that exit is not', () => {
    assert.deepEqual(types({ accepts: [ACCEPTED] }, lossAt(999)), ['unexplained']);
  });

  test('nor is a loss whose worker was not killed, or drained', () => {
    const accepts = [{ ...ACCEPTED, pid: 8 }];
    assert.deepEqual(types({ accepts }, lossAt(1_002)), ['unexplained']);
    const drained: Exit = { ...KILLED, pid: 8, cause: 'drained: rollout', kind: 'graceful' };
    assert.deepEqual(types({ accepts, exits: [KILLED, drained] }, lossAt(1_002)), ['unexplained']);
  });

  test('a port that is used again belongs to the worker that accepted it last', () => {
    const later = { pid: 8, port: PORT, at: 960 };
    const loss = { ...lossAt(1_002), connectionOpenedAt: time(950) };
    assert.deepEqual(types({ accepts: [later, ACCEPTED] }, loss), ['unexplained']);
    assert.deepEqual(types({ accepts: [{ ...ACCEPTED, at: 961 }, later] }, loss), [
      'accepted by a worker that exited abruptly',
    ]);
  });

  test('an accept from before the connection was opened belongs to another connection', () => {
    const loss = { ...lossAt(1_002), connectionOpenedAt: time(950) };
    assert.deepEqual(types({ accepts: [ACCEPTED] }, loss), ['not recorded, at an abrupt exit']);
  });

  test('an earlier exit of the same pid explains nothing', () => {
    const earlier: Exit = { ...KILLED, from: 500, until: 510 };
    assert.deepEqual(types({ accepts: [ACCEPTED], exits: [earlier] }, lossAt(1_002)), ['unexplained']);
    assert.deepEqual(types({ accepts: [ACCEPTED], exits: [earlier, KILLED] }, lossAt(1_002)), [
      'accepted by a worker that exited abruptly',
    ]);
  });

  test('the worker that answered on a connection must be the one that recorded it', () => {
    const second = { ...lossAt(1_002), requestOnConnection: 2 };
    assert.deepEqual(types({ accepts: [ACCEPTED] }, { ...second, worker: '7' }), [
      'accepted by a worker that exited abruptly',
    ]);
    assert.deepEqual(types({ accepts: [ACCEPTED] }, { ...second, worker: '8' }), ['unexplained']);
  });

  test('an accept without a record: once per exit, at that moment, and on the first request only', () => {
    assert.deepEqual(types({}, lossAt(1_002)), ['not recorded, at an abrupt exit']);
    assert.deepEqual(types({}, lossAt(1_002), lossAt(1_003)), [
      'not recorded, at an abrupt exit',
      'unexplained',
    ]);
    assert.deepEqual(types({}, lossAt(990)), ['unexplained']);
    assert.deepEqual(types({}, { ...lossAt(1_100), connectionOpenedAt: time(1_050) }), ['unexplained']);
    assert.deepEqual(types({}, { ...lossAt(1_002), requestOnConnection: 2 }), ['unexplained']);
  });

  test('refusals are explained while nobody holds the socket, and only then', () => {
    const gaps = [{ from: 2_000, until: 3_000 }];
    const refused = (openedAt: number): Loss => ({
      ...lossAt(openedAt + 1),
      fate: 'refused',
      connectionOpenedAt: time(openedAt),
    });
    assert.deepEqual(types({ gaps }, refused(2_500)), ['refused while nobody held the socket']);
    assert.deepEqual(types({ gaps }, refused(1_500), refused(3_500)), ['unexplained', 'unexplained']);
    assert.deepEqual(types({}, refused(1_000)), ['unexplained']);
  });

  test('while nobody holds the socket the accept queue may be lost, but no connection that a worker had accepted', () => {
    const gaps = [{ from: 2_000, until: 3_000 }];
    const loss = { ...lossAt(2_600), connectionOpenedAt: time(2_100) };
    assert.deepEqual(types({ gaps }, loss), ['queued when nobody held the socket any more']);
    assert.deepEqual(types({ gaps, accepts: [{ pid: 9, port: PORT, at: 2_150 }] }, loss), ['unexplained']);
  });

  test('the socket of workers alone is closed between the crash of the last one and its line in the log', () => {
    const gap = { from: 5_000, until: 6_000 };
    const crash = { ...KILLED, from: 1_000, until: 5_000 };
    assert.deepEqual(closedWithin(gap, [crash]), { from: 1_000, until: 6_000 });
    assert.deepEqual(closedWithin(gap, []), { from: 4_500, until: 6_000 });
    // Another worker than the last one, and one that drained.
    for (const other of [
      { ...crash, until: 4_999 },
      { ...crash, kind: 'graceful' },
    ] as const) {
      assert.deepEqual(closedWithin(gap, [other]), { from: 4_500, until: 6_000 });
    }
  });

  test('no exit explains a hung request, a 5xx or a wrong answer', () => {
    for (const fate of ['hung', 'serverError', 'wrongAnswer'] as const) {
      assert.deepEqual(types({ accepts: [ACCEPTED] }, { ...lossAt(1_002), fate }), ['unexplained']);
      assert.deepEqual(types({}, { ...lossAt(1_002), fate }), ['unexplained']);
    }
  });
});

function types(account: Partial<Account>, ...losses: readonly Loss[]): readonly Finding['type'][] {
  return attribute({ accepts: [], exits: [KILLED], gaps: [], ...account, losses }).map(({ type }) => type);
}

function time(at: number): string {
  return new Date(at).toISOString();
}

function lossAt(at: number): Loss {
  return {
    fate: 'reset',
    code: 'ECONNRESET',
    status: undefined,
    request: 'GET /',
    number: 1,
    client: 0,
    requestOnConnection: 1,
    sincePreviousResponseMs: undefined,
    connectionOpenedBecause: 'first request',
    connectionOpenedAt: time(900),
    tookMs: 100,
    sinceStartMs: at,
    at: time(at),
    worker: undefined,
    localPort: PORT,
  };
}
