// What a worker is born with: written by the primary, taken once by the worker.
import assert from 'node:assert/strict';
import process from 'node:process';
import { afterEach, suite, test } from 'node:test';
import {
  hasSettings,
  readSettings,
  settingsVariable,
  takeSettings,
} from '../../../src/protocol/worker-settings.ts';
import type { WorkerSettings } from '../../../src/protocol/worker-settings.ts';

const SETTINGS: WorkerSettings = {
  protocol: 1,
  primary: 4_711,
  slot: 2,
  generation: 3,
  sockets: [{ fd: 4, endpoint: { type: 'tcp', host: '::1', port: 3_000 } }],
  backlog: 511,
  heartbeatMs: 3_000,
  shed: false,
  shutdown: { idleMs: 1_000, graceMs: 7_000 },
  closeMs: 2_000,
  exitHandlers: 'hold',
};

suite('the settings of a worker', () => {
  const [name] = Object.keys(settingsVariable(SETTINGS));
  assert.ok(name);
  afterEach(() => Reflect.deleteProperty(process.env, name));

  test('they survive the environment', () => {
    Object.assign(process.env, settingsVariable(SETTINGS));
    assert.equal(hasSettings(), true);
    assert.deepEqual(readSettings(), SETTINGS);
    assert.deepEqual(takeSettings(), SETTINGS);
  });

  test('once taken, the variable is gone: processes that the app starts do not inherit it', () => {
    Object.assign(process.env, settingsVariable(SETTINGS));
    takeSettings();
    assert.equal(hasSettings(), false);
    assert.equal(name in process.env, false);
  });
});
