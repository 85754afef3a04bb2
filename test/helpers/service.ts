// A service that a test has started: its log, its requests, its handle, its workers and signals.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import process from 'node:process';
import type { Readable } from 'node:stream';
import { wholePollPhase } from '../../src/net/poll.ts';
import type { FleetStatus, RolloutResult } from 'fastify-clustered';
import type { Message } from './messages.ts';
import { killGroup, membersOf } from './process-group.ts';
import { ServiceLog } from './service-log.ts';
import type { LogLine, Where } from './service-log.ts';
import { spawnService } from './spawn-service.ts';
import type { ServiceOptions } from './spawn-service.ts';

export type { LogLine } from './service-log.ts';
export type { ServiceOptions } from './spawn-service.ts';

export interface TestContext {
  after(hook: () => void | Promise<void>): void;
}

/** Starts a service, and kills what is left of its process group after the test. */
export function startService(t: TestContext, options: ServiceOptions = {}): Service {
  const service = new Service(options);
  t.after(() => service.destroy());
  return service;
}

/** Starts a service, and waits until all workers are ready. */
export async function startReadyService(t: TestContext, options: ServiceOptions = {}): Promise<Service> {
  const service = startService(t, options);
  await service.seen('all workers ready');
  return service;
}

export class Service {
  readonly child: ChildProcess;
  /** Settles when the primary has exited, and its output is closed. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  readonly #log: ServiceLog;
  readonly #answers = new Map<number, (answer: Answer) => void>();
  #calls = 0;

  constructor(options: ServiceOptions) {
    this.child = spawnService(options);
    this.ended = once(this.child, 'close').then(([code, signal]) => ({ code, signal }));
    this.#log = new ServiceLog(this.ended);
    const { stdout = 'followed' } = options;
    if (stdout === 'followed' && this.child.stdout) this.follow(this.child.stdout);
    if (this.child.stderr) this.#log.followStderr(this.child.stderr);
    this.child.on('message', (message: Answer | Told) => {
      if ('told' in message) return this.#log.add(message.told);
      this.#answers.get(message.id)?.(message);
      this.#answers.delete(message.id);
    });
  }

  /** Of the primary, unless another command started it. */
  get pid(): number {
    assert.ok(this.child.pid !== undefined);
    return this.child.pid;
  }

  // What it logs.

  /** Every line so far. */
  get log(): readonly LogLine[] {
    return this.#log.lines;
  }

  get stderr(): string {
    return this.#log.stderr;
  }

  /** All that a person could read: the log and stderr. */
  get output(): string {
    return [...this.log.map((line) => JSON.stringify(line)), this.stderr].join('\n');
  }

  lines(msg: Message): readonly LogLine[] {
    return this.#log.of(msg);
  }

  /** Resolves with the `count`th line that has this message and fits; at once if it is in the log already. */
  seen(msg: Message, { count = 1, where = () => true }: Seeing = {}): Promise<LogLine> {
    return this.#log.seen(msg, count, where);
  }

  /** Resolves with the next line that has this message and fits. To be called before what causes it. */
  next(msg: Message, where: Where = () => true): Promise<LogLine> {
    return this.seen(msg, { where, count: this.lines(msg).filter(where).length + 1 });
  }

  /** Resolves once any process of the service has written this to stderr. */
  seenOnStderr(pattern: RegExp): Promise<void> {
    return this.#log.seenOnStderr(pattern);
  }

  /** Resolves when the log has more lines than that, whichever they are. */
  more(than: number): Promise<void> {
    return this.#log.longerThan(than);
  }

  /** Reads its log from there. */
  follow(stdout: Readable): void {
    this.#log.follow(stdout);
  }

  /** The end of the log, a line each, for the message of a failed assertion. */
  story(): string {
    return this.#log.story();
  }

  // Where it listens.

  /** The port that all workers listen on. */
  async port(): Promise<number> {
    const { addresses } = await this.seen('sockets bound');
    assert.ok(Array.isArray(addresses));
    return addresses[0].port;
  }

  async origin(): Promise<{ readonly host: string; readonly port: number }> {
    return { host: '127.0.0.1', port: await this.port() };
  }

  /** The first of its addresses. */
  async #where(): Promise<http.RequestOptions> {
    const { addresses } = await this.seen('sockets bound');
    assert.ok(Array.isArray(addresses));
    const { path } = addresses[0];
    return path === undefined ? this.origin() : { socketPath: path };
  }

  /** A request on a connection of its own. */
  async get(
    path: string,
    init: http.RequestOptions = {},
  ): Promise<{ status: number; headers: http.IncomingHttpHeaders; body: string }> {
    const request = http.get({ ...(await this.#where()), path, agent: false, ...init });
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

  // The handle in the primary.

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
    const answer = await Promise.race([answered, this.#log.over()]);
    if (answer === 'over')
      assert.fail(`the primary exited before it answered ${method}, after:\n${this.story()}`);
    // The log lines from before the answer may still be unread.
    await wholePollPhase();
    const { value, error } = answer;
    if (error) throw Object.assign(new Error(`${method} failed`), error);
    return value as T;
  }

  // Rollouts.

  /** A rollout that completes: every old worker has been told to drain. */
  async rollOut(): Promise<void> {
    const result = await this.restart();
    assert.equal(result.outcome, 'completed', this.story());
  }

  /** Resolves when every worker that was told to drain so far has exited. */
  async drained(): Promise<void> {
    for (const { worker } of this.lines('worker draining'))
      if (worker !== undefined) await this.exited(worker.pid);
  }

  // Workers.

  /** Pids of the workers that are ready now. */
  async readyPids(): Promise<readonly number[]> {
    const { workers } = await this.status();
    return workers.flatMap(({ state, pid }) => (state === 'ready' && pid !== null ? [pid] : []));
  }

  /** Of the first worker that is ready now. */
  async readyPid(): Promise<number> {
    const [pid] = await this.readyPids();
    assert.ok(pid !== undefined, `no worker is ready, after:\n${this.story()}`);
    return pid;
  }

  /** Resolves when the worker has exited as the primary told it to. */
  exited(pid: number | null | undefined): Promise<LogLine> {
    return this.seen('worker exited', { where: ({ worker }) => worker?.pid === pid });
  }

  /** Kills a ready worker, and resolves with the line of its successor, once that is ready. */
  async killOne(): Promise<LogLine> {
    const pid = await this.readyPid();
    const ready = this.next('worker ready');
    process.kill(pid, 'SIGKILL');
    return ready;
  }

  // Signals, and the end.

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  signalGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal);
  }

  /** Sends SIGTERM, and resolves with the exit code. */
  async stop(): Promise<number | null> {
    this.signal('SIGTERM');
    const { code } = await this.ended;
    return code;
  }

  /** Pids of its processes that are still running. */
  leftovers(): readonly number[] {
    return membersOf(this.pid);
  }

  async destroy(): Promise<void> {
    killGroup(this.pid);
    // Unread output would keep the pipe open.
    this.child.stdout?.resume();
    await this.ended;
  }
}

/** A log line that a fixture sends over the channel instead of printing it. */
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
  readonly where?: Where;
}
