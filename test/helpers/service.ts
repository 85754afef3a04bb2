// Starts a fixture as a user would start a service, in a process group of its own, and follows it by its log.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import process from 'node:process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { wholePollPhase } from '../../src/net/poll.ts';
import type { ClusteredOptions, FleetStatus, RolloutResult } from 'fastify-clustered';

/** One line of the primary's log. Messages are constant and public, so a test may wait for them. */
export interface LogLine {
  readonly msg: string;
  readonly worker?: { readonly slot: number; readonly generation: number; readonly pid: number | null };
  readonly err?: { readonly message: string; readonly stack: string };
  readonly [detail: string]: unknown;
}

export interface ServiceOptions {
  /** In test/fixtures, or an absolute path, or one that begins with a dot and is given to Node as it is. */
  readonly fixture?: string;
  readonly args?: readonly string[];
  readonly execPath?: string;
  readonly options?: ClusteredOptions;
  /** Undefined: not set. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly execArgv?: readonly string[];
  /** A descriptor to be its stderr, which then nobody follows. */
  readonly stderr?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Where it writes its log: `unread` is a socket that nobody reads until {@link Service.follow} does. */
  readonly stdout?: 'followed' | 'unread' | number;
  /** The command that starts it, made of the one that would start it directly. */
  readonly command?: (direct: readonly string[]) => readonly string[];
}

interface TestContext {
  after(hook: () => void | Promise<void>): void;
}

/** How long a test waits for something to be seen, before it says what it saw instead. */
const PATIENCE_MS = 40_000;

const MOST_LINES = 60;

/** What pino adds to every line. */
const NOISE = new Set(['level', 'time', 'pid', 'hostname', 'name', 'padding']);

/** Times that make a rollout quick, for tests that are not about them. */
export const QUICK = { minReadyMs: 50, idleMs: 200 } as const;

/** Between two signals of a person: what comes sooner is taken for the same request. */
export const HUMAN_PAUSE_MS = 600;

/** Starts it, and kills what is left of its process group after the test. */
export function startService(t: TestContext, options: ServiceOptions = {}): Service {
  const service = new Service(options);
  t.after(() => service.destroy());
  return service;
}

/** Starts it, and waits until all workers are ready. */
export async function startReadyService(t: TestContext, options: ServiceOptions = {}): Promise<Service> {
  const service = startService(t, options);
  await service.seen('all workers ready');
  return service;
}

export class Service {
  readonly child: ChildProcess;
  /** Every line so far. */
  readonly log: LogLine[] = [];
  /** Settles when the primary has ended and said its last. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  readonly #events = new EventEmitter();
  readonly #answers = new Map<number, (answer: Answer) => void>();
  #stderr = '';
  #calls = 0;

  constructor({
    fixture = 'service.js',
    args = [],
    execPath = process.execPath,
    options = {},
    env = {},
    cwd,
    execArgv = [],
    stdout = 'followed',
    command = (direct) => direct,
    stderr,
    ...user
  }: ServiceOptions) {
    const file = /^[/.]/.test(fixture)
      ? fixture
      : fileURLToPath(new URL(`../fixtures/${fixture}`, import.meta.url));
    const { PORT: _, WEB_CONCURRENCY: __, NODE_OPTIONS: ___, ...inherited } = process.env;
    const [program = '', ...words] = command([execPath, ...execArgv, file, ...args]);
    this.child = spawn(program, words, {
      cwd,
      ...user,
      detached: true,
      stdio: ['ignore', typeof stdout === 'number' ? stdout : 'pipe', stderr ?? 'pipe', 'ipc'],
      env: {
        ...inherited,
        SERVICE_OPTIONS: JSON.stringify({
          workers: 2,
          logger: { level: 'debug' },
          ...options,
          listen: { port: 0, host: '127.0.0.1', ...options.listen },
        }),
        ...env,
      },
    });
    this.ended = once(this.child, 'close').then(([code, signal]) => ({ code, signal }));
    if (stdout === 'followed' && this.child.stdout) this.follow(this.child.stdout);
    this.#listen();
  }

  /** Of the primary, unless another command started it. */
  get pid(): number {
    assert.ok(this.child.pid !== undefined);
    return this.child.pid;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** The port that all workers listen on. */
  async port(): Promise<number> {
    const { addresses } = await this.seen('sockets bound');
    assert.ok(Array.isArray(addresses));
    return addresses[0].port;
  }

  lines(msg: string): readonly LogLine[] {
    return this.log.filter((line) => line.msg === msg);
  }

  /** Resolves with the `count`th line that has this message and fits; at once if it was seen already. */
  async seen(msg: string, { count = 1, where = () => true }: Seeing = {}): Promise<LogLine> {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      const line = this.lines(msg).filter(where)[count - 1];
      if (line !== undefined) return line;
      const came = await once(this.#events, 'line', { signal: deadline }).catch(() => 'nothing');
      if (came === 'nothing') assert.fail(`'${msg}' was not seen, but:\n${this.story()}`);
    }
  }

  /** Resolves once anybody of the service has written this to stderr. */
  async seenOnStderr(pattern: RegExp): Promise<void> {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    while (!pattern.test(this.#stderr)) {
      const came = await once(this.#events, 'line', { signal: deadline }).catch(() => 'nothing');
      if (came === 'nothing') assert.fail(`${String(pattern)} was not seen on stderr, but:\n${this.story()}`);
    }
  }

  /** Resolves with the next line that has this message and fits. To be called before what makes it come. */
  next(msg: string, where: (line: LogLine) => boolean = () => true): Promise<LogLine> {
    return this.seen(msg, { where, count: this.lines(msg).filter(where).length + 1 });
  }

  /** Resolves when the log has more lines than that, whichever they are. */
  async more(than: number): Promise<void> {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    while (this.log.length <= than) {
      const line = once(this.#events, 'line', { signal: deadline }).catch(() => 'nothing');
      const came = await Promise.race([line, this.#over()]);
      if (came === 'nothing') assert.fail(`nothing more was seen, after:\n${this.story()}`);
      if (came === 'over' && this.log.length <= than) assert.fail(`it ended, after:\n${this.story()}`);
    }
  }

  /** The primary has ended, and what it said has been read. */
  async #over(): Promise<'over'> {
    await this.ended;
    await new Promise(setImmediate);
    return 'over';
  }

  status(): Promise<FleetStatus> {
    return this.call('status');
  }

  restart(): Promise<RolloutResult> {
    return this.call('restart');
  }

  /** Calls a method of the handle in the primary. */
  async call<T>(method: string, ...args: readonly unknown[]): Promise<T> {
    this.#calls += 1;
    const id = this.#calls;
    const answered = new Promise<Answer>((resolve) => {
      this.#answers.set(id, resolve);
    });
    this.child.send({ id, method, args });
    const answer = await Promise.race([answered, this.#over()]);
    if (answer === 'over') assert.fail(`${method} was not answered, it ended, after:\n${this.story()}`);
    // What it said before is here, if Node has not read it yet.
    await wholePollPhase();
    const { value, error } = answer;
    if (error) throw Object.assign(new Error(`${method} failed`), error);
    return value as T;
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  signalGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal);
  }

  /** Pids of the workers that are ready now. */
  async readyPids(): Promise<readonly number[]> {
    const { workers } = await this.status();
    return workers.flatMap(({ state, pid }) => (state === 'ready' && pid !== null ? [pid] : []));
  }

  /** A request on a connection of its own. */
  async get(
    path: string,
    init: http.RequestOptions = {},
  ): Promise<{ status: number; headers: http.IncomingHttpHeaders; body: string }> {
    const request = http.get({ port: await this.port(), host: '127.0.0.1', path, agent: false, ...init });
    const [response]: http.IncomingMessage[] = await once(request, 'response');
    assert.ok(response);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk);
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      body: Buffer.concat(chunks).toString(),
    };
  }

  /** SIGTERM, and the exit code. */
  async stop(): Promise<number | null> {
    this.signal('SIGTERM');
    const { code } = await this.ended;
    return code;
  }

  /** Is any process of the group left, apart from those that only wait to be reaped? */
  leftovers(): readonly number[] {
    return fs
      .readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => isLivingMemberOf(this.pid, pid));
  }

  /** The end of the log, a line each, for the message of a failed assertion. */
  story(): string {
    const lines = this.log.map(({ msg, ...details }) => {
      const facts = Object.entries(details).filter(([name]) => !NOISE.has(name));
      return `${msg} ${JSON.stringify(Object.fromEntries(facts))}`.slice(0, 400);
    });
    return [...lines.slice(-MOST_LINES), this.#stderr].join('\n');
  }

  async destroy(): Promise<void> {
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // Nobody is left.
    }
    // What nobody has read until now would keep it open.
    this.child.stdout?.resume();
    await this.ended;
  }

  /** Reads the log from there. */
  follow(stdout: Readable): void {
    createInterface({ input: stdout }).on('line', (text) => {
      const line = parse(text);
      if (line !== undefined) this.#note(line);
    });
  }

  #listen(): void {
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString();
      this.#events.emit('line');
    });
    this.child.on('message', (message: Answer | Told) => {
      if ('told' in message) return this.#note(message.told);
      this.#answers.get(message.id)?.(message);
      this.#answers.delete(message.id);
    });
  }

  #note(line: LogLine): void {
    this.log.push(line);
    this.#events.emit('line');
  }
}

/** What a fixture tells over the channel instead of by its log, as a line of it. */
interface Told {
  readonly told: LogLine;
}

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly code: string };
}

interface Seeing {
  readonly count?: number;
  readonly where?: (line: LogLine) => boolean;
}

function parse(text: string): LogLine | undefined {
  try {
    const line: unknown = JSON.parse(text);
    return typeof line === 'object' && line !== null && 'msg' in line ? (line as LogLine) : undefined;
  } catch {
    // A worker wrote something else.
    return undefined;
  }
}

/** By /proc: the fields behind the name, which is in parentheses, are state, parent and process group. */
function isLivingMemberOf(group: number, pid: number): boolean {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, , pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A process that is ending has closed its descriptors before it is reaped.
    return Number(pgrp) === group && state !== 'Z' && fs.readdirSync(`/proc/${pid}/fd`).length > 0;
  } catch {
    // It has just ended.
    return false;
  }
}
