// The sockets that this process was started with, as systemd's socket activation hands them over: sd_listen_fds(3).
import process from 'node:process';

export interface HandedOver {
  readonly descriptors: readonly HandedDescriptor[];
  /** They were handed over to that process instead, which has passed only its environment on. Null: they were not. */
  readonly toOther: number | null;
}

export interface HandedDescriptor {
  readonly fd: number;
  /** Of LISTEN_FDNAMES: FileDescriptorName= of systemd.socket(5), by default the name of the unit. Empty: none. */
  readonly name: string;
}

/** They are for one process alone: what it starts must not take them for its own. */
export const LISTEN_VARIABLES = ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES'] as const;

/** After stdin, stdout and stderr: SD_LISTEN_FDS_START. */
const FIRST = 3;

/** More than that is no number of sockets. */
const MOST = 4_096;

let taken: HandedOver | undefined;

/** Takes the variables out of the environment, as sd_listen_fds(1) does. A later call gives the same. */
export function takeHandedOver(): HandedOver {
  taken ??= handedOver(process.env, process.pid);
  if (taken.toOther === null) for (const name of LISTEN_VARIABLES) delete process.env[name];
  return taken;
}

export function handedOver(env: Readonly<Record<string, string | undefined>>, pid: number): HandedOver {
  const count = wholeNumber(env['LISTEN_FDS']);
  const receiver = wholeNumber(env['LISTEN_PID']);
  if (count === 0 || receiver === 0) return { descriptors: [], toOther: null };
  if (receiver !== pid) return { descriptors: [], toOther: receiver };
  const names = (env['LISTEN_FDNAMES'] ?? '').split(':');
  const descriptors = Array.from({ length: Math.min(count, MOST) }, (_, index) => ({
    fd: FIRST + index,
    name: names[index] ?? '',
  }));
  return { descriptors, toOther: null };
}

/** 0: it is none. */
function wholeNumber(text = ''): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : 0;
}

/**
 * The name of the endpoint that the descriptor is. Null: the app serves it, as systemd has named it by itself: after its unit, or
 * `unknown` and the like where there is none.
 */
export function endpointName({ name }: HandedDescriptor): string | null {
  return name === '' || name.endsWith('.socket') || OWN_NAMES.has(name) ? null : name;
}

const OWN_NAMES = new Set(['unknown', 'connection', 'stored']);
