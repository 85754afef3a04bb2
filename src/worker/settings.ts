// What this worker was born with.
import process from 'node:process';
import { SETTINGS_VARIABLE } from '../protocol/messages.ts';
import type { WorkerSettings } from '../protocol/messages.ts';

/** Was this process forked by our primary? */
export function isOurWorker(): boolean {
  return process.env[SETTINGS_VARIABLE] !== undefined;
}

/** To be called once: processes that the app starts later are none of ours. */
export function takeSettings(): WorkerSettings {
  const settings: WorkerSettings = JSON.parse(process.env[SETTINGS_VARIABLE] ?? '{}');
  delete process.env[SETTINGS_VARIABLE];
  return settings;
}
