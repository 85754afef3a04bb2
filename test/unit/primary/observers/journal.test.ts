// What people are told: the level, the constant message and the facts of an announcement.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Announcement } from '../../../../src/fleet/command.ts';
import type { ClusteredLogger } from '../../../../src/options/index.ts';
import { createJournal } from '../../../../src/primary/observers/journal.ts';

const LEAVING = {
  state: 'draining',
  id: 7,
  slot: 1,
  generation: 2,
  forkedAt: 0,
  cause: 'rollout',
  killAt: 9,
} as const;
const SERVING = {
  state: 'ready',
  id: 7,
  slot: 1,
  generation: 2,
  forkedAt: 0,
  readyAt: 1,
  heardAt: 1,
  due: null,
} as const;
const WORKER = { slot: 1, generation: 2, pid: 4242 };

suite('the journal', () => {
  test('S34: a crash is an error, with the worker and an explanation', () => {
    const { lines, events } = journal({
      type: 'worker-exited',
      worker: SERVING,
      code: null,
      signal: 'SIGSEGV',
      expected: false,
    });
    const explanation = lines[0]?.facts['explanation'];
    assert.match(String(explanation), /native code/);
    const facts = { worker: WORKER, code: null, signal: 'SIGSEGV', expected: false, explanation };
    assert.deepEqual(lines, [{ level: 'error', message: 'worker crashed', facts }]);
    assert.deepEqual(events, [facts]);
  });

  test('an exit that was asked for is none, and needs no explanation', () => {
    const { lines, events } = journal({
      type: 'worker-exited',
      worker: LEAVING,
      code: 0,
      signal: null,
      expected: true,
    });
    const facts = { worker: WORKER, code: 0, signal: null, expected: true };
    assert.deepEqual(lines, [{ level: 'info', message: 'worker exited', facts }]);
    assert.deepEqual(events, [{ ...facts, explanation: null }]);
  });

  test('a worker that is not connected any more is an error, and what to do about it is said', () => {
    const { lines, events } = journal({ type: 'worker-disconnected', worker: SERVING });
    const explanation = lines[0]?.facts['explanation'];
    assert.match(String(explanation), /process\.disconnect\(\)/);
    const facts = { worker: WORKER, explanation };
    assert.deepEqual(lines, [{ level: 'error', message: 'worker disconnected', facts }]);
    assert.deepEqual(events, [facts]);
  });

  test('who was asked to go, and died of something else on the way, is an error', () => {
    const { lines } = journal({
      type: 'worker-exited',
      worker: LEAVING,
      code: null,
      signal: 'SIGABRT',
      expected: true,
    });
    assert.deepEqual([lines[0]?.level, lines[0]?.message], ['error', 'worker exited']);
    assert.match(String(lines[0]?.facts['explanation']), /out of memory/);
  });

  test('an abort says which release failed, why, by which error, and which one is served instead', () => {
    const error = {
      name: 'TypeError',
      message: 'broken',
      stack: 'TypeError: broken\n    at main.js:1',
      code: null,
    };
    const facts = {
      generation: 2,
      entry: '/srv/releases/2/main.js',
      cwd: '/srv/releases/2',
      replaced: 0,
      tookMs: 300,
      reason: 'boot-failed',
      backTo: { id: 1, entry: '/srv/releases/1/main.js', cwd: '/srv/releases/1' },
    } as const;
    const { lines } = journal({ type: 'rollout-aborted', ...facts, error });
    const [line] = lines;
    assert.deepEqual([line?.level, line?.message], ['error', 'rollout aborted']);
    const { err, ...others } = line?.facts ?? {};
    assert.ok(err instanceof TypeError);
    assert.equal(err.stack, error.stack);
    assert.deepEqual(others, facts);
  });
});

interface Line {
  readonly level: string;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** What is logged, and emitted, of one announcement. */
function journal(announcement: Announcement): {
  readonly lines: readonly Line[];
  readonly events: readonly unknown[];
} {
  const lines: Line[] = [];
  const events: unknown[] = [];
  const at = (level: string) => (facts: object, message: string) =>
    void lines.push({ level, message, facts: { ...facts } });
  const log: ClusteredLogger = {
    child: () => log,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  };
  const told = createJournal(log, (worker) => (worker === 7 ? 4242 : null));
  told.events.on(announcement.type, (details: unknown) => events.push(details));
  told.log(announcement);
  told.emit(announcement);
  return { lines, events };
}
