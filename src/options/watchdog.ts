// Section: when a worker counts as hung.
import { group, ms, orFalse } from './checks.ts';
import type { ChecksOf } from './checks.ts';

/** When a worker counts as hung. */
export interface WatchdogOptions {
  /**
   * The primary kills and replaces a ready worker whose event loop has been blocked for this long, in ms.
   * `watchdog: false`: never. A worker in which a debugger is open is left alone.
   * @default 30_000
   */
  timeoutMs?: number | undefined;
}

export const checkWatchdog = orFalse(
  group({
    timeoutMs: ms({ default: 30_000, min: 1 }),
  } satisfies ChecksOf<WatchdogOptions>),
  'on',
);
