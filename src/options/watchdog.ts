// Section: when a worker counts as hung.
import { group, ms } from './checks.ts';
import type { Check, ChecksOf, Runtime } from './checks.ts';

/** When a worker counts as hung. */
export interface WatchdogOptions {
  /**
   * The primary kills and replaces a ready worker whose event loop has been blocked for this long, in ms.
   * `watchdog: false`: never. Node's `--inspect` options turn the watchdog off, too.
   * @default 30_000
   */
  timeoutMs?: number | undefined;
}

const checkTimeout = group({
  timeoutMs: ms({ default: 30_000, min: 1 }),
} satisfies ChecksOf<WatchdogOptions>);

export const checkWatchdog: Check<ReturnType<typeof checkTimeout> | false> = Object.assign(
  (value: unknown, name: string, runtime: Runtime) =>
    value === false ? (false as const) : checkTimeout(value, name, runtime),
  { checks: checkTimeout.checks ?? {} },
);

/** At a breakpoint an event loop stands still, though the worker is well. */
export function isDebugged(execArgv: readonly string[], { env }: Runtime): boolean {
  const options = [...execArgv, ...(env['NODE_OPTIONS'] ?? '').split(' ')];
  return options.some((option) => option.startsWith('--inspect'));
}
