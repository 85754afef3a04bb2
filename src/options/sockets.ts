// The checks of what names a socket: the path of a Unix socket, the mode of its file, a descriptor.
import { MAX_PATH_BYTES } from '../net/socket-file.ts';
import { invalid, text } from './checks.ts';
import type { Check } from './checks.ts';

const ABSOLUTE = /^\//;

/** Relative paths would depend on the directory, which a rollout may change. */
export const checkPath: Check<string> = Object.assign(
  (value: unknown, name: string): string => {
    if (typeof value !== 'string' || !ABSOLUTE.test(value) || value.endsWith('/') || value.includes('\0'))
      throw invalid(
        name,
        value,
        'the absolute path of a file; abstract sockets, which have none, are not supported',
      );
    const bytes = Buffer.byteLength(value);
    if (bytes > MAX_PATH_BYTES)
      throw invalid(
        name,
        value,
        `a path of at most ${MAX_PATH_BYTES} bytes, which is all that the system has room for (it has ${bytes})`,
      );
    return value;
  },
  { read: text.read },
);

export const checkMode: Check<number> = Object.assign(
  (value: unknown, name: string): number => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0o777) return value;
    throw invalid(name, value, 'permissions from 0 to 0o777, such as 0o660');
  },
  // As chmod(1) takes it: 660, or 0660.
  {
    read: (set: string) => (/^(?:0o?)?[0-7]{3}$/.test(set) ? Number.parseInt(set.replace('o', ''), 8) : set),
  },
);

/** 0 to 2 are stdin, stdout and stderr. */
export const checkFd: Check<number | string> = (value, name) => {
  if (typeof value === 'string' && value !== '') return value;
  if (typeof value === 'number' && Number.isInteger(value) && value > 2 && value < 2 ** 31) return value;
  throw invalid(name, value, 'a descriptor from 3 on, or a name in LISTEN_FDNAMES');
};

/** Not 2 ** 32 - 1, which stands for no change: chown(2). */
export const checkAccount: Check<number | string> = (value, name) => {
  if (typeof value === 'string' && value !== '') return value;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32 - 1) return value;
  throw invalid(name, value, 'the number of a user or group, or its name');
};
