// The files of Unix sockets: one that nobody listens on any more is in the way of the next one, and has to be removed.
import fs from 'node:fs/promises';
import net from 'node:net';
import { dirname } from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { MAX_PATH_BYTES, nameBeside } from './socket-file.ts';

/**
 * Makes room for a socket at that path: removes the file of a process that was killed, and nothing else.
 * @throws an error with the code ENAMETOOLONG; EADDRINUSE: somebody listens there; EEXIST: it is no socket; ENOENT: its directory does not exist,
 * which libuv takes for EACCES; EACCES and others of the system
 */
export async function removeStaleSocket(path: string): Promise<void> {
  const bytes = Buffer.byteLength(path);
  // Node 20 cuts it, and listens somewhere else.
  if (bytes > MAX_PATH_BYTES) throw pathError('ENAMETOOLONG', path, tooLong(bytes));
  if (!(await isSocketFile(path))) return;
  if (await isLive(path)) throw pathError('EADDRINUSE', path, 'another process listens there');
  // Two that start at once both find it stale: what is moved away may be the new socket of the other one by now.
  const moved = nameBeside(path, `.${process.pid}.stale`);
  if (!(await rename(path, moved))) return;
  if (await isLive(moved)) {
    await rename(moved, path);
    throw pathError('EADDRINUSE', path, 'another process listens there');
  }
  await fs.rm(moved, { force: true });
}

function tooLong(bytes: number): string {
  return `the path has ${bytes} bytes, and that of a Unix socket at most ${MAX_PATH_BYTES}`;
}

/** False: there is nothing at that path. */
async function isSocketFile(path: string): Promise<boolean> {
  try {
    const stats = await fs.lstat(path);
    if (!stats.isSocket()) throw pathError('EEXIST', path, 'there is a file that is no socket');
    return true;
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    await fs.stat(dirname(path));
    return false;
  }
}

/** False: it is not there any more. */
async function rename(from: string, to: string): Promise<boolean> {
  try {
    await fs.rename(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** How long a connection may take. Over a Unix socket it is made, refused or queued at once. */
const CONNECT_MS = 1_000;

/** Does somebody listen? A queue that is full (EAGAIN) belongs to somebody as well. Throws where this user may not connect. */
async function isLive(path: string): Promise<boolean> {
  const socket = net.connect(path);
  try {
    return await Promise.race([
      new Promise<boolean>((resolve, reject) => {
        socket.once('connect', () => resolve(true));
        socket.once('error', (error) => {
          const code = codeOf(error);
          if (code === 'ECONNREFUSED' || code === 'ENOENT') resolve(false);
          else if (code === 'EAGAIN') resolve(true);
          else reject(error);
        });
      }),
      setTimeout(CONNECT_MS, true, { ref: false }),
    ]);
  } finally {
    socket.destroy();
  }
}

function pathError(code: string, path: string, why: string): Error {
  return Object.assign(new Error(`${code} ${path}: ${why}`), { code, path });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
