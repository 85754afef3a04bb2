// A contender that runs: started until it is ready, looked at, and ended with everything it has started.
import type { ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import process from 'node:process';
import type { Contender } from './contenders.ts';
import { freePort } from './ports.ts';
import { childrenOf } from './proc.ts';
import { endGroup, startInGroup } from './processes.ts';

const HOST = '127.0.0.1';
/** How long a contender may take to become ready, by default. */
const READY_WITHIN_MS = 60_000;

interface Program {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly port: number;
}

export class Running {
  readonly contender: Contender;
  readonly #programs: readonly Program[];
  readonly #workers: number;
  readonly #events = new EventEmitter();
  readonly #readyWithinMs: number;
  #readyWorkers = 0;

  private constructor(
    contender: Contender,
    programs: readonly Program[],
    workers: number,
    readyWithinMs: number,
  ) {
    this.#readyWithinMs = readyWithinMs;
    this.contender = contender;
    this.#programs = programs;
    this.#workers = workers;
    for (const { child } of programs) {
      child.on('message', () => {
        this.#readyWorkers += 1;
        this.#events.emit('worker-ready');
      });
    }
  }

  static async start(
    contender: Contender,
    workers: number,
    readyWithinMs = READY_WITHIN_MS,
  ): Promise<Running> {
    const programs: Program[] = [];
    try {
      for (let copy = 0; copy < contender.copies; copy += 1)
        programs.push(await start(contender, workers, readyWithinMs));
      return new Running(contender, programs, workers, readyWithinMs);
    } catch (error) {
      await Promise.all(programs.map(({ child }) => endGroup(child)));
      throw error;
    }
  }

  /** Of the contender's first program. */
  get primary(): Program {
    const [first] = this.#programs;
    if (first === undefined) throw new Error(`${this.contender.title} has no program`);
    return first;
  }

  get origin(): { readonly host: string; readonly port: number } {
    return { host: HOST, port: this.primary.port };
  }

  /** Of the processes that answer requests. */
  get workerPids(): readonly number[] {
    const { served } = this.contender;
    return this.#programs.flatMap(({ pid }) => (served === 'by-itself' ? [pid] : childrenOf(pid)));
  }

  /** One port for each load generator. Every contender has as many generators as workers, so that all have the same load. */
  get ports(): readonly number[] {
    return Array.from({ length: this.#workers }, (_, generator) => {
      return this.#programs[generator % this.#programs.length]?.port ?? 0;
    });
  }

  /** Resolves when that many more workers are ready. To be called before what starts them. */
  async moreWorkersReady(count: number): Promise<void> {
    const enough = this.#readyWorkers + count;
    const signal = AbortSignal.timeout(this.#readyWithinMs);
    while (this.#readyWorkers < enough) await once(this.#events, 'worker-ready', { signal });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#programs.map(({ child }) => endGroup(child)));
  }
}

async function start(
  { title, args, env }: Contender,
  workers: number,
  readyWithinMs: number,
): Promise<Program> {
  const port = await freePort();
  // The bench's own settings must not reach the contenders.
  const { NODE_OPTIONS: _, WEB_CONCURRENCY: __, ...inherited } = process.env;
  const child = startInGroup(process.execPath, args, {
    env: { ...inherited, ...env, PORT: String(port), WORKERS: String(workers) },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let complaint = '';
  child.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, AbortSignal.timeout(readyWithinMs)]);
  child.once('exit', () => over.abort(new Error('it has ended')));
  try {
    await once(child, 'message', { signal });
  } catch (error) {
    await endGroup(child);
    throw new Error(`${title} did not become ready:\n${complaint}`, { cause: error });
  }
  if (child.pid === undefined) throw new Error(`${title} has no process`);
  return { child, pid: child.pid, port };
}
