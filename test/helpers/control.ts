// The control socket in tests: a path for one, the program fastify-clustered, and a bare client that can misbehave.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { ROOT } from './installed.ts';

interface TestContext {
  after(hook: () => void): void;
}

/** In a folder of its own, which is short enough for a Unix socket. */
export function controlPath(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, 'control.sock');
}

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export const PROGRAM = path.join(ROOT, 'dist/cli/main.js');

/** Runs the program as a user would, and waits for its end. */
export async function runProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const { FASTIFY_CLUSTERED_CONTROL_PATH: _, ...inherited } = process.env;
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code]: [number | null] = (await once(child, 'close')) as [number | null];
  const [out, err] = await texts;
  return { code, out, err };
}

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

/** A client that writes what it likes. */
export class BareClient {
  readonly socket: net.Socket;
  /** Settles when the other side has closed the connection. */
  readonly closed: Promise<void>;
  readonly #lines: Record<string, unknown>[] = [];
  #rest = '';
  #wake: () => void = () => undefined;
  #isClosed = false;

  constructor(path: string) {
    this.socket = net.connect({ path, allowHalfOpen: true });
    this.socket.on('error', () => undefined);
    this.socket.setEncoding('utf8').on('data', (piece: string) => this.#add(piece));
    this.closed = new Promise((resolve) => {
      const close = (): void => {
        this.#isClosed = true;
        this.#wake();
        resolve();
      };
      this.socket.on('end', close).on('close', close);
    });
  }

  /** All lines that came so far. */
  get lines(): readonly Readonly<Record<string, unknown>>[] {
    return this.#lines;
  }

  send(...values: readonly unknown[]): void {
    for (const value of values) this.socket.write(`${JSON.stringify(value)}\n`);
  }

  /** Resolves with the first line that fits. */
  async seen(
    fits: (line: Readonly<Record<string, unknown>>) => boolean,
  ): Promise<Readonly<Record<string, unknown>>> {
    for (;;) {
      const found = this.#lines.find(fits);
      if (found !== undefined) return found;
      if (this.#isClosed) throw new Error(`closed after ${JSON.stringify(this.#lines)}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Its result or its error. */
  answer(id: unknown): Promise<Readonly<Record<string, unknown>>> {
    return this.seen((line) => line['id'] === id && ('result' in line || 'error' in line));
  }

  #add(piece: string): void {
    const lines = (this.#rest + piece).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#lines.push(JSON.parse(line));
    this.#wake();
  }
}
