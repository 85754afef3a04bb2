// The file of a Unix socket of ours: appears at once with its mode, in nobody's way, and is removed only while it is ours.
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { gidOf, uidOf } from './accounts.ts';

/** What sun_path of unix(7) holds, without the zero at its end. macOS and the BSDs have room for less. */
export const MAX_PATH_BYTES = process.platform === 'linux' ? 107 : 103;

/**
 * A free name beside the path: a socket is bound there first, and gets its own name when it listens and has its mode. Who connects
 * to a socket that is bound only is refused, and would take it for one that nobody holds any more.
 */
export function nameBeside(file: string, suffix = `.${process.pid}`): string {
  const beside = `${file}${suffix}`;
  if (Buffer.byteLength(beside) <= MAX_PATH_BYTES) return beside;
  // No longer than the path itself.
  const base = path.basename(file);
  const random = Math.random()
    .toString(36)
    .slice(2)
    .padEnd(base.length, '0')
    .slice(0, Math.min(base.length, 12));
  return path.join(path.dirname(file), random);
}

/** Who may connect. Null: as the system makes it, of the user and the group of this process. */
export interface Permissions {
  readonly mode: number;
  readonly owner: number | string | null;
  readonly group: number | string | null;
}

export class SocketFile {
  readonly #path: string;
  readonly #dev: number;
  readonly #ino: number;

  /**
   * Gives the socket at `bound` its path, and its owner and mode before that.
   * @throws the system's error; EADDRINUSE: something is at that path
   */
  constructor(bound: string, file: string, { mode, owner, group }: Permissions) {
    // Those that are left out stay: chown(2).
    if (owner !== null || group !== null)
      fs.chownSync(
        bound,
        owner === null ? UNCHANGED : uidOf(owner),
        group === null ? UNCHANGED : gidOf(group),
      );
    fs.chmodSync(bound, mode);
    const { dev, ino } = fs.lstatSync(bound);
    link(bound, file);
    fs.unlinkSync(bound);
    this.#path = file;
    this.#dev = dev;
    this.#ino = ino;
  }

  /** Unless somebody else's is there by now. May be called twice. */
  remove(): void {
    const stats = fs.lstatSync(this.#path, { throwIfNoEntry: false });
    if (stats?.dev === this.#dev && stats.ino === this.#ino) fs.rmSync(this.#path, { force: true });
  }
}

/** In the 32 bits of an id: chown(2). */
const UNCHANGED = 2 ** 32 - 1;

/** Unlike rename(2), link(2) does not replace what is there. */
function link(bound: string, file: string): void {
  try {
    fs.linkSync(bound, file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    const message = `EADDRINUSE ${file}: another process has just begun to listen there`;
    throw Object.assign(new Error(message), { code: 'EADDRINUSE', path: file });
  }
}
