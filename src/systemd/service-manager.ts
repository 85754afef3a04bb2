// systemd, where it wants to be told: whether it does, and the watchdog.
import process from 'node:process';
import { Notifier, sendByProgram } from './notifier.ts';
import type { Send } from './notifier.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Null: this process was not started by systemd, or not by a unit of Type=notify.
 * @param failed called once, if systemd cannot be told
 */
export function serviceManager(
  failed: (error: unknown) => void,
  env: Environment = process.env,
  sendTo: (socket: string) => Send = sendByProgram,
): Notifier | null {
  const socket = env['NOTIFY_SOCKET'];
  if (socket === undefined || socket === '') return null;
  const notifier = new Notifier(sendTo(socket), failed);
  const everyMs = watchdogMs(env, process.pid);
  // While the event loop is stuck, its timers are.
  if (everyMs !== null) setInterval(() => notifier.tell({ WATCHDOG: '1' }), everyMs).unref();
  return notifier;
}

/**
 * How often the watchdog wants to be told that this process is alive, in ms: half of its time, as sd_watchdog_enabled(3) says.
 * Null: there is none, or it watches another process.
 */
export function watchdogMs({ WATCHDOG_USEC, WATCHDOG_PID }: Environment, pid: number): number | null {
  const microseconds = Number(WATCHDOG_USEC);
  if (!(microseconds > 0) || !Number.isFinite(microseconds)) return null;
  if (WATCHDOG_PID !== undefined && WATCHDOG_PID !== '' && Number(WATCHDOG_PID) !== pid) return null;
  return Math.max(1, Math.floor(microseconds / 2_000));
}

export function microseconds(ms: number): string {
  return String(Math.ceil(ms * 1_000));
}

/** The clock of `MONOTONIC_USEC`: Node's high-resolution time is CLOCK_MONOTONIC on Linux. */
export function monotonicMicroseconds(): string {
  return String(process.hrtime.bigint() / 1_000n);
}
