// What each probe answers: a table of states of the fleet.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { PROBES } from '../../../src/health/probes.ts';
import { silenceOf } from '../../../src/health/silence.ts';
import type { FleetStatus, WorkerStatus } from '../../../src/status.ts';

const SILENCE = silenceOf(3_000, { timeoutMs: 30_000 });

type Reasons = readonly [livez: string | null, readyz: string | null];

suite('probes', () => {
  for (const [what, phase, workers, reasons] of [
    ['no worker yet', 'starting', [], [null, 'no-worker-ready']],
    ['workers boot', 'starting', [booting(), booting()], [null, 'no-worker-ready']],
    ['one is ready', 'starting', [ready(0), booting()], [null, null]],
    ['all are ready', 'running', [ready(0), ready(2_999)], [null, null]],
    ['one is blocked', 'running', [ready(0), ready(29_999)], [null, null]],
    ['all are blocked', 'running', [ready(9_000), ready(29_999)], [null, 'all-blocked']],
    ['a sign is late', 'running', [ready(8_999), ready(8_999)], [null, null]],
    ['blocked, and one boots', 'running', [ready(9_000), booting()], [null, 'all-blocked']],
    ['the watchdog does not help', 'running', [ready(30_000), ready(40_000)], ['all-blocked', 'all-blocked']],
    ['one of them answers', 'running', [ready(30_000), ready(0)], [null, null]],
    ['a debugger is open', 'running', [ready(null)], [null, null]],
    ['all have crashed', 'running', [booting()], [null, 'no-worker-ready']],
    ['about to stop', 'leaving', [ready(0)], [null, 'leaving']],
    ['about to stop, all blocked', 'leaving', [ready(40_000)], [null, 'leaving']],
    ['workers drain', 'stopping', [draining()], [null, 'leaving']],
    ['stopped', 'stopped', [], [null, 'leaving']],
  ] as const satisfies readonly (readonly [
    string,
    FleetStatus['phase'],
    readonly WorkerStatus[],
    Reasons,
  ])[]) {
    test(`S106: ${what}`, () => {
      const health = { status: status(phase, workers), isStarted: true };
      const answers = ['/livez', '/readyz'].map((path) => PROBES.get(path)?.(health, SILENCE));
      assert.deepEqual(
        answers.map((answer) => answer?.body.reason),
        reasons,
      );
      for (const answer of answers) assert.equal(answer?.code, answer?.body.reason === null ? 200 : 503);
    });
  }

  test('S106: without a watchdog a service that is blocked stays alive', () => {
    const health = { status: status('running', [ready(1e9)]), isStarted: true };
    const silence = silenceOf(3_000, false);
    assert.equal(PROBES.get('/livez')?.(health, silence).code, 200);
    assert.equal(PROBES.get('/readyz')?.(health, silence).code, 503);
  });

  test('S106: a worker is blocked after three signs of life, and no sooner than a second', () => {
    assert.deepEqual(
      [3_000, 500, 1].map((every) => silenceOf(every, false).blockedMs),
      [9_000, 1_500, 1_000],
    );
  });

  test('S106: it has started once as many as at the start were ready, whatever comes later', () => {
    for (const isStarted of [false, true]) {
      const answer = PROBES.get('/startupz')?.(
        { status: status('running', [booting()]), isStarted },
        SILENCE,
      );
      assert.equal(answer?.body.reason, isStarted ? null : 'starting');
    }
  });

  test('S106: the body has numbers, to see at a glance what is wrong', () => {
    const health = { status: status('running', [ready(9_000), ready(0), booting()]), isStarted: true };
    assert.deepEqual(PROBES.get('/readyz')?.(health, SILENCE).body, {
      status: 'ok',
      reason: null,
      phase: 'running',
      size: 2,
      ready: 2,
      blocked: 1,
    });
  });
});

function ready(silentMs: number | null): WorkerStatus {
  return { ...booting(), state: 'ready', silentMs };
}

function draining(): WorkerStatus {
  return { ...booting(), state: 'draining' };
}

function booting(): WorkerStatus {
  return {
    slot: 0,
    pid: 1,
    state: 'booting',
    generation: 1,
    leader: false,
    silentMs: null,
    connections: null,
  };
}

function status(phase: FleetStatus['phase'], workers: readonly WorkerStatus[]): FleetStatus {
  const generation = { id: 1, entry: '/main.js', cwd: '/' };
  return {
    pid: 1,
    phase,
    size: 2,
    target: generation,
    stable: generation,
    rolling: false,
    mixed: false,
    addresses: [],
    balance: 'shared',
    resources: null,
    workers,
    lastRollout: null,
  };
}
