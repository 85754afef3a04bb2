// docs/reference.md names what the source has, all of it and nothing else.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type {
  Closed,
  ClusteredEvents,
  ClusteredPluginOptions,
  ClusteredPrimary,
  ClusteredSingle,
  ClusteredWorker,
  FleetStatus,
  RolloutResult,
  WorkerContext,
  WorkerState,
  WorkerStatus,
} from 'fastify-clustered';
import { variableOf } from '../../src/options/variables.ts';
import * as errors from '../../src/errors.ts';
import { codes, readPage, rows } from './markdown.ts';
import { environmentVariables, logMessages, signals } from './source.ts';

const PAGE = readPage('docs/reference.md');

/** The compiler knows what the source has: a value or a property that is missing here, or is too many, is an error of types. */
type All<Names extends PropertyKey> = { readonly [Name in Names]: true };
type AllKeys<T> = All<keyof T>;
type Reason<Of> = Extract<Of, { reason: unknown }>['reason'];

const PHASES = {
  starting: true,
  running: true,
  leaving: true,
  stopping: true,
  stopped: true,
} satisfies All<FleetStatus['phase']>;

const WORKER_STATES = {
  booting: true,
  ready: true,
  draining: true,
  killing: true,
} satisfies All<WorkerStatus['state']>;

const CONTEXT_STATES = {
  booting: true,
  ready: true,
  leaving: true,
  draining: true,
} satisfies All<WorkerState>;

const OUTCOMES = { completed: true, aborted: true, superseded: true } satisfies All<RolloutResult['outcome']>;

const ENDS = {
  requested: true,
  'boot-failed': true,
  'gave-up': true,
  forced: true,
  'timed-out': true,
  unclean: true,
} satisfies All<Closed['reason']>;

const DRAIN_CAUSES = {
  rollout: true,
  recycle: true,
  scale: true,
  cancelled: true,
  failing: true,
  shutdown: true,
} satisfies All<ClusteredEvents['worker-draining'][0]['cause']>;

const KILL_CAUSES = {
  'boot-timeout': true,
  watchdog: true,
  'drain-timeout': true,
  incompatible: true,
  forced: true,
} satisfies All<ClusteredEvents['worker-killed'][0]['cause']>;

const ABORT_REASONS = {
  'boot-failed': true,
  'boot-timeout': true,
  crashed: true,
  'fork-failed': true,
  incompatible: true,
  stopping: true,
  'release-not-found': true,
  'env-failed': true,
} satisfies All<Reason<RolloutResult>>;

const EVENTS = {
  'worker-forked': { worker: true },
  'worker-ready': { worker: true, bootMs: true },
  'worker-draining': { worker: true, cause: true },
  'worker-killed': { worker: true, cause: true },
  'worker-failing': { worker: true, error: true },
  'worker-disconnected': { worker: true, explanation: true },
  'worker-exited': { worker: true, code: true, signal: true, expected: true, explanation: true },
  'connections-cut': { worker: true, requests: true, upgraded: true },
  'connections-shed': { worker: true, connections: true },
  'fork-failed': { worker: true, error: true },
  'leader-elected': { worker: true },
  'leader-stepped-down': { worker: true },
  'respawn-delayed': { slot: true, generation: true, earlyExits: true, delayMs: true, slowest: true },
  'fleet-ready': { size: true, generation: true, entry: true, cwd: true },
  'size-changed': { from: true, to: true },
  'rollout-started': { from: true, to: true },
  'rollout-completed': { generation: true, entry: true, cwd: true, replaced: true, tookMs: true },
  'rollout-aborted': {
    generation: true,
    entry: true,
    cwd: true,
    replaced: true,
    tookMs: true,
    reason: true,
    worker: true,
    error: true,
    backTo: true,
  },
  'rollout-superseded': { generation: true, by: true },
  'fleet-leaving': { delayMs: true },
  'fleet-stopping': { reason: true, exitCode: true, error: true },
} satisfies { readonly [Event in keyof ClusteredEvents]: AllKeys<ClusteredEvents[Event][0]> };

const STATUS = {
  pid: true,
  phase: true,
  size: true,
  target: true,
  stable: true,
  rolling: true,
  mixed: true,
  addresses: true,
  balance: true,
  resources: true,
  workers: true,
  lastRollout: true,
} satisfies AllKeys<FleetStatus>;

const PRIMARY = {
  role: true,
  status: true,
  restart: true,
  scale: true,
  broadcast: true,
  close: true,
  closed: true,
  events: true,
} satisfies AllKeys<ClusteredPrimary>;

const WORKER = { role: true, app: true, worker: true } satisfies AllKeys<ClusteredWorker>;
const SINGLE = { role: true, app: true, worker: true, close: true } satisfies AllKeys<ClusteredSingle>;
const PLUGIN = { worker: true, health: true } satisfies AllKeys<ClusteredPluginOptions>;

const CONTEXT = {
  role: true,
  slot: true,
  generation: true,
  state: true,
  readiness: true,
  signal: true,
  onDrain: true,
  endOnDrain: true,
  addServer: true,
  listen: true,
  leader: true,
  onLeader: true,
  broadcast: true,
  onBroadcast: true,
  status: true,
  restart: true,
} satisfies AllKeys<WorkerContext>;

/** Heading of the section, heads of its tables in their order, and what is in the first column of them. */
const LISTS: readonly (readonly [heading: string, names: object])[] = [
  ['Role primary', PRIMARY],
  ['Role worker', WORKER],
  ['Role single', SINGLE],
  ['FleetStatus', { ...STATUS, ...PHASES, ...WORKER_STATES }],
  ['RolloutResult', OUTCOMES],
  ['Closed', ENDS],
  ['The context: worker and app.clustered', { ...CONTEXT, ...CONTEXT_STATES }],
  ['The plugin', PLUGIN],
  ['Events', EVENTS],
  ['Why a worker drains', DRAIN_CAUSES],
  ['Why a worker is killed', KILL_CAUSES],
  ['Reasons of an abort', ABORT_REASONS],
];

suite('reference', () => {
  for (const [heading, names] of LISTS) {
    test(`${heading}: the page lists what the types have, each once`, () => {
      assert.deepEqual(named(heading), Object.keys(names).toSorted());
    });
  }

  test('Events: each row names every fact of its event', () => {
    for (const [first = '', , facts = ''] of rows(PAGE, 'Events')) {
      const [event = ''] = codes(first);
      const known = Object.entries(EVENTS).find(([name]) => name === event)?.[1] ?? {};
      const told = codes(facts).filter((code) => /^\w+$/.test(code));
      assert.deepEqual(told.toSorted(), Object.keys(known).toSorted(), event);
    }
  });

  test('Errors: the page has every code', () => {
    const known = Object.values(errors).map((Failure) => String(Reflect.construct(Failure, []).code));
    assert.deepEqual(named('Errors'), known.toSorted());
  });

  test('Log messages: the page has every message of the source, with its levels', () => {
    const inSource = logMessages();
    const onPage = rows(PAGE, 'Log messages').map(([message = '', levels = '']) => ({
      message: codes(message)[0] ?? '',
      levels: codes(levels),
    }));
    const names = onPage.map(({ message }) => message);
    assert.deepEqual(names.toSorted(), [...new Set(inSource.map(({ message }) => message))].toSorted());
    for (const { message, levels } of onPage) {
      const logged = inSource.filter((each) => each.message === message).map(({ level }) => level);
      assert.deepEqual(levels.toSorted(), [...new Set(logged)].toSorted(), message);
    }
  });

  test('Signals: the page has every signal that the primary handles', () => {
    const onPage = rows(PAGE, 'Signals').flatMap(([signal = '']) => codes(signal));
    // Of SIGUSR1 it says that it is left alone.
    assert.deepEqual(onPage.filter((signal) => signal !== 'SIGUSR1').toSorted(), signals());
  });

  test('Environment variables: the page has every variable that is read', () => {
    const names = named('Environment variables').filter((name) => /^[A-Z][A-Z_]+$/.test(name));
    assert.deepEqual(names, environmentVariables());
  });

  test('A variable for every option: the examples follow the rule', () => {
    for (const [option = '', variable = ''] of rows(PAGE, 'A variable for every option')) {
      const name = codes(option)
        .join('')
        .replace(/: .*\{ (\w+): \d+ \}$/, '.$1')
        .replace(/: .*$/, '');
      assert.equal(codes(variable).join('').replace(/=.*$/, ''), variableOf(name));
    }
  });

  test('troubleshooting explains every reason of an abort, and every cause of a kill', () => {
    const page = readPage('docs/troubleshooting.md');
    const first = (heading: string): readonly string[] =>
      rows(page, heading)
        .flatMap(([cell = '']) => codes(cell))
        .toSorted();
    assert.deepEqual(first('Why did my rollout abort?'), Object.keys(ABORT_REASONS).toSorted());
    assert.deepEqual(first('Why was a worker killed?'), Object.keys(KILL_CAUSES).toSorted());
  });
});

/** The first column of the tables under this heading: names alone, without their arguments. */
function named(heading: string): readonly string[] {
  const first = rows(PAGE, heading).flatMap(([cell = '']) => codes(cell));
  const names = first.map((code) => code.replace(/\(.*\)$/, ''));
  return [...new Set(names)].toSorted();
}
