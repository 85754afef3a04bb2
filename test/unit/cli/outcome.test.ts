import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { endingOf } from '../../../src/cli/outcome.ts';
import { lineOf } from '../../../src/cli/progress.ts';

const WORKER = { slot: 1, generation: 3, pid: 12 };

suite('what the program prints', () => {
  for (const [result, exitCode, text] of [
    [{ outcome: 'completed', generation: 3 }, 0, 'rollout of generation 3 completed'],
    [
      { outcome: 'superseded', generation: 3, by: 4 },
      1,
      'rollout of generation 3 superseded by generation 4, whose outcome counts',
    ],
    [
      {
        outcome: 'aborted',
        generation: null,
        reason: 'release-not-found',
        worker: null,
        error: { message: 'no file' },
      },
      1,
      'rollout not started: release-not-found\nno file',
    ],
    [
      {
        outcome: 'aborted',
        generation: 3,
        reason: 'crashed',
        worker: WORKER,
        error: { message: 'm', stack: 'Error: m\n    at x' },
      },
      1,
      'rollout of generation 3 aborted: crashed, worker 1 of generation 3 (pid 12)\nError: m\n    at x',
    ],
    [
      { outcome: 'aborted', generation: 3, reason: 'stopping', worker: null, error: null },
      1,
      'rollout of generation 3 aborted: stopping',
    ],
  ] as const) {
    test(`restart: ${text.split('\n')[0]} -> exit ${exitCode}`, () => {
      const ending = endingOf({ command: 'restart' }, { type: 'result', result });
      assert.equal(ending.exitCode, exitCode);
      assert.equal(exitCode === 0 ? ending.out : ending.err, text);
    });
  }

  test('status: what is under way, and each worker', () => {
    const result = {
      pid: 1,
      phase: 'running',
      size: 1,
      target: { id: 2, entry: '/b.js' },
      stable: { id: 1, entry: '/a.js' },
      rolling: true,
      addresses: [{ host: '::1', port: 80 }, { path: '/run/x.sock' }],
      workers: [{ slot: 0, pid: 9, state: 'ready', generation: 1, leader: true }],
      lastRollout: null,
    };
    assert.deepEqual(endingOf({ command: 'status' }, { type: 'result', result }).out.split('\n'), [
      'pid 1, running, size 1',
      'listens on ::1 port 80, /run/x.sock',
      'generation 1: /a.js',
      'rolling out generation 2: /b.js',
      '  slot 0: pid 9, ready, generation 1, leader',
    ]);
  });

  test('stop: exit 1 where it was not clean', () => {
    const ending = (result: object) => endingOf({ command: 'stop' }, { type: 'result', result });
    assert.deepEqual(ending({ exitCode: 0, reason: 'requested' }), { exitCode: 0, out: 'stopped', err: '' });
    assert.equal(ending({ exitCode: 1, reason: 'timed-out' }).err, 'stopped, but not cleanly: timed-out');
  });

  for (const [event, details, line] of [
    [
      'worker-exited',
      { worker: WORKER, expected: false, explanation: 'out of memory' },
      'worker 1 of generation 3 (pid 12) crashed: out of memory',
    ],
    [
      'worker-exited',
      { worker: WORKER, expected: true, explanation: null },
      'worker 1 of generation 3 (pid 12) exited',
    ],
    [
      'worker-failing',
      { worker: WORKER, error: { message: 'no' } },
      'worker 1 of generation 3 (pid 12) failing: no',
    ],
    [
      'connections-cut',
      { worker: WORKER, requests: 2, upgraded: 0 },
      'worker 1 of generation 3 (pid 12) cut 2 requests and 0 upgraded connections',
    ],
    ['an event of a later version', {}, null],
  ] as const) {
    test(`${event} -> ${line}`, () => {
      assert.equal(lineOf(event, details), line);
    });
  }
});
