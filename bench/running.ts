// A contender that runs: started until it is ready, looked at, and ended with everything it has started.
import type { ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import process from 'node:process';
import type { Contender } from './contenders.ts';
import { freePort } from './ports.ts';
import { childrenOf } from './proc.ts';
import { endGroup, startInGroup } from './processes.ts';

const HOST = '127.0.0.1';
/** How long a contender may take for whatever it is waited for, unless it is told otherwise. */
const PATIENCE_MS = 60_000;

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
  readonly #patienceMs: number;
  #readyWorkers = 0;

  private constructor(
    contender: Contender,
    programs: readonly Program[],
    workers: number,
    patienceMs: number,
  ) {
    this.#patienceMs = patienceMs;
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

  static async start(contender: Contender, workers: number, patienceMs = PATIENCE_MS): Promise<Running> {
    const programs: Program[] = [];
    try {
      for (let copy = 0; copy < contender.copies; copy += 1)
        programs.push(await start(contender, workers, patienceMs));
      return new Running(contender, programs, workers, patienceMs);
    } catch (error) {
      await Promise.all(programs.map(({ child }) => endGroup(child)));
      throw error;
    }
  }

  /** Of the program, where there is but one. */
  get primary(): Program {
    const [first] = this.#programs;
    if (first === undefined) throw new Error(`${this.contender.title} has no program`);
    return first;
  }

  get origin(): { readonly host: string; readonly port: number } {
    return { host: HOST, port: this.primary.port };
  }

  /** Those who answer requests. */
  get workerPids(): readonly number[] {
    const { served } = this.contender;
    return this.#programs.flatMap(({ pid }) => (served === 'by-itself' ? [pid] : childrenOf(pid)));
  }

  /** One port a load generator: as many as there are workers, for everyone, so that all are loaded the same way. */
  get ports(): readonly number[] {
    return Array.from({ length: this.#workers }, (_, generator) => {
      return this.#programs[generator % this.#programs.length]?.port ?? 0;
    });
  }

  /** Settles when so many workers more have become ready. To be called before what makes them come. */
  async moreWorkersReady(count: number): Promise<void> {
    const wanted = this.#readyWorkers + count;
    const signal = AbortSignal.timeout(this.#patienceMs);
    while (this.#readyWorkers < wanted) await once(this.#events, 'worker-ready', { signal });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#programs.map(({ child }) => endGroup(child)));
  }
}

async function start({ title, args, env }: Contender, workers: number, patienceMs: number): Promise<Program> {
  const port = await freePort();
  // What the bench was started with is no business of the contenders.
  const { NODE_OPTIONS: _, WEB_CONCURRENCY: __, ...inherited } = process.env;
  const child = startInGroup(process.execPath, args, {
    env: { ...inherited, ...env, PORT: String(port), WORKERS: String(workers) },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let complaint = '';
  child.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, AbortSignal.timeout(patienceMs)]);
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
