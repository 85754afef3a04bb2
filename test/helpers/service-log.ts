// The log of a service, as it comes: every line so far, and waits for lines to come.
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Message } from './messages.ts';

/** A line of JSON with a message: of the primary's log, or printed by a fixture. */
export interface LogLine {
  readonly msg: string;
  readonly worker?: { readonly slot: number; readonly generation: number; readonly pid: number | null };
  readonly err?: { readonly message: string; readonly stack: string };
  readonly [detail: string]: unknown;
}

export type Where = (line: LogLine) => boolean;

/** How long a test waits for a line, before it fails with the lines that came instead. */
const WAIT_MS = 40_000;

const MOST_LINES = 60;

/** What pino adds to every line. */
const NOISE = new Set(['level', 'time', 'pid', 'hostname', 'name', 'padding']);

export class ServiceLog {
  /** Every line so far. */
  readonly lines: LogLine[] = [];
  readonly #ended: Promise<unknown>;
  readonly #events = new EventEmitter();
  #stderr = '';

  /** @param ended settles when the service has ended, and its output is closed */
  constructor(ended: Promise<unknown>) {
    this.#ended = ended;
  }

  get stderr(): string {
    return this.#stderr;
  }

  of(msg: Message): readonly LogLine[] {
    return this.lines.filter((line) => line.msg === msg);
  }

  async seen(msg: Message, count: number, where: Where): Promise<LogLine> {
    const found = (): LogLine | undefined => this.of(msg).filter(where)[count - 1];
    await this.#until(() => found() !== undefined, `'${msg}'`);
    return found() ?? assert.fail('unreachable');
  }

  async seenOnStderr(pattern: RegExp): Promise<void> {
    await this.#until(() => pattern.test(this.#stderr), `${String(pattern)} on stderr`);
  }

  /** Resolves when the log has more lines than that, whichever they are. */
  async longerThan(count: number): Promise<void> {
    await this.#until(() => this.lines.length > count, 'another line', this.over());
  }

  /** The service has ended, and what it wrote has been read. */
  async over(): Promise<'over'> {
    await this.#ended;
    await new Promise(setImmediate);
    return 'over';
  }

  /** The end of the log, a line each, for the message of a failed assertion. */
  story(): string {
    const lines = this.lines.map(({ msg, ...details }) => {
      const facts = Object.entries(details).filter(([name]) => !NOISE.has(name));
      return `${msg} ${JSON.stringify(Object.fromEntries(facts))}`.slice(0, 400);
    });
    return [...lines.slice(-MOST_LINES), this.#stderr].join('\n');
  }

  /** Reads lines from there. */
  follow(stdout: Readable): void {
    createInterface({ input: stdout }).on('line', (text) => {
      const line = parse(text);
      if (line !== undefined) this.add(line);
    });
  }

  followStderr(stderr: Readable): void {
    stderr.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString();
      this.#events.emit('more');
    });
  }

  add(line: LogLine): void {
    this.lines.push(line);
    this.#events.emit('more');
  }

  /** Looks again whenever something comes. Fails after {@link WAIT_MS}, or when `over` settles. */
  async #until(isSo: () => boolean, what: string, over?: Promise<'over'>): Promise<void> {
    const signal = AbortSignal.timeout(WAIT_MS);
    while (!isSo()) {
      const more = once(this.#events, 'more', { signal }).catch(() => 'too late');
      const came = await (over === undefined ? more : Promise.race([more, over]));
      if (isSo()) return;
      if (came === 'too late') assert.fail(`waited ${WAIT_MS} ms for ${what}, after:\n${this.story()}`);
      if (came === 'over') assert.fail(`the service ended before ${what}, after:\n${this.story()}`);
    }
  }
}

function parse(text: string): LogLine | undefined {
  try {
    const line: unknown = JSON.parse(text);
    return typeof line === 'object' && line !== null && 'msg' in line ? (line as LogLine) : undefined;
  } catch {
    // Something else was printed.
    return undefined;
  }
}
