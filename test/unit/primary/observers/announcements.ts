// Announcements of one worker, and a logger that keeps its lines, for the tests of observers.
import type { Announcement } from '../../../../src/fleet/command.ts';
import type { PrimaryLogger } from '../../../../src/primary/log/guard.ts';

const LIFE = { id: 7, slot: 1, generation: 2, forkedAt: 0 } as const;

export const BOOTING = { ...LIFE, state: 'booting', debugged: false, recycle: null } as const;
export const READY = {
  ...LIFE,
  state: 'ready',
  readyAt: 1,
  heardAt: 1,
  connections: null,
  debugged: false,
  recycle: null,
} as const;
export const DRAINING = { ...LIFE, state: 'draining', cause: 'rollout', wasReady: true, killAt: 9 } as const;

/** The same worker, as people see it. */
export const NAME = { slot: 1, generation: 2, pid: 4242 } as const;

export function pidOf(worker: number): number | null {
  return worker === LIFE.id ? NAME.pid : null;
}

export const ERROR = {
  name: 'TypeError',
  message: 'broken',
  stack: 'TypeError: broken\n    at main.js:1',
  code: null,
} as const;

export const ABORTED = {
  type: 'rollout-aborted',
  generation: 2,
  entry: '/srv/releases/2/main.js',
  cwd: '/srv/releases/2',
  replaced: 0,
  tookMs: 300,
  reason: 'boot-failed',
  error: ERROR,
  worker: BOOTING,
  backTo: { id: 1, entry: '/srv/releases/1/main.js', cwd: '/srv/releases/1' },
} as const satisfies Announcement;

export interface Line {
  readonly level: string;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

export function memoryLog(lines: Line[]): PrimaryLogger {
  const at = (level: string) => (facts: object, message: string) =>
    void lines.push({ level, message, facts: { ...facts } });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
