// The service under test: its releases, its primaries one after the other, and a record of the signals sent to its workers.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ClusteredOptions } from 'fastify-clustered';
import { freePort } from '../helpers/free-ports.ts';
import { createReleases } from '../helpers/releases.ts';
import type { Releases } from '../helpers/releases.ts';
import type { SentSignal } from './exits.ts';
import { Life } from './life.ts';
import { disk, reader } from './output.ts';
import { WATCHDOG_MS } from './plan.ts';
import type { Fault } from './trouble.ts';

export const HOST = '127.0.0.1';
export const SIZE = { start: 3, least: 2, most: 5 } as const;

/** How long workers may take to exit after their primary was killed: the times of a shutdown, twice. */
const ORPHANS_MS = 30_000;

/** Clients wait and pause for far less than idleMs and graceMs, so that these deadlines never cost a request. */
const OPTIONS: ClusteredOptions = {
  workers: SIZE.start,
  listen: { timeoutMs: ORPHANS_MS },
  boot: { timeoutMs: 8_000 },
  respawn: { minUptimeMs: 2_000, backoff: { initialMs: 50, maxMs: 2_000 } },
  rollout: { minReadyMs: 500, idleMs: 3_000, graceMs: 10_000 },
  shutdown: { idleMs: 3_000, graceMs: 10_000 },
  closeMs: 4_000,
  watchdog: { timeoutMs: WATCHDOG_MS },
  execArgv: ['--max-old-space-size=64'],
};

/** The files of a release, besides its entry file. */
const MODULES = ['soaked.js', 'app.js', 'remote.js', 'footprint.js'];
const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));

export class Stage {
  readonly lives: Life[] = [];
  readonly signals: SentSignal[] = [];
  readonly records: string;
  readonly #seed: number;
  readonly #logs: string;
  readonly #releases: Releases;
  /** How each release behaves, by its entry file. */
  readonly #behaviours = new Map<string, Fault | 'works'>();
  readonly #cleanUps: (() => void)[] = [];
  #port = 0;
  #furtherPort = 0;

  constructor(seed: number) {
    this.#seed = seed;
    const keep = { after: (hook: () => void): void => void this.#cleanUps.push(hook) };
    this.#releases = createReleases(keep);
    this.records = fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-soak-'));
    this.#logs = fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-soak-'));
    for (const folder of [this.records, this.#logs]) {
      keep.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    }
    this.deploy('works');
  }

  get life(): Life {
    const life = this.lives.at(-1);
    if (life === undefined) throw new Error('the service was not started');
    return life;
  }

  get port(): number {
    return this.#port;
  }

  get furtherPort(): number {
    return this.#furtherPort;
  }

  async open(): Promise<void> {
    this.#furtherPort = await freePort();
    await this.#start();
    this.#port = await this.life.service.port();
  }

  /** Writes a new release, and moves the link. Returns its entry file. */
  deploy(behaviour: Fault | 'works'): string {
    const release = this.#behaviours.size + 1;
    const entry = path.join(this.#releases.path(release), 'main.mjs');
    this.#behaviours.set(entry, behaviour);
    this.#releases.write(release, entryFile(behaviour));
    for (const file of MODULES) {
      this.#releases.write(release, fs.readFileSync(path.join(FIXTURES, file), 'utf8'), file);
    }
    this.#releases.deploy(release);
    return entry;
  }

  /** Deletes all releases but the one with that entry file, and the one behind the link. */
  prune(entry: string): void {
    const kept = [entry, fs.realpathSync(path.join(this.#releases.current, 'main.mjs'))];
    for (const [index, its] of [...this.#behaviours.keys()].entries()) {
      if (!kept.includes(its) && fs.existsSync(its)) this.#releases.remove(index + 1);
    }
  }

  /** Undefined: no release of this soak has that entry file. */
  behaviourOf(entry: string): Fault | 'works' | undefined {
    return this.#behaviours.get(entry);
  }

  /** Signals a worker. False: it had exited already. */
  signal(pid: number, signal: NodeJS.Signals): boolean {
    const at = Date.now();
    try {
      process.kill(pid, signal);
    } catch {
      return false;
    }
    this.signals.push({ pid, signal, at });
    return true;
  }

  /** Kills the primary and, as systemd does with Restart=always, starts the service again at once, on the same port. */
  async replacePrimary(): Promise<void> {
    const old = this.life;
    await old.kill();
    const tooLate = setTimeout(ORPHANS_MS, 'too long', { ref: false } as const);
    const left = Promise.race([old.service.ended, tooLate]);
    await this.#start();
    if ((await left) === 'too long') {
      throw new Error(`workers outlived their primary: ${old.service.leftovers().join(', ')}`);
    }
  }

  /** Kills every process that is left, and removes all files. */
  async close(): Promise<void> {
    for (const { service } of this.lives) await service.destroy();
    for (const cleanUp of this.#cleanUps) cleanUp();
  }

  async #start(): Promise<void> {
    const number = this.lives.length + 1;
    const life = new Life(
      number,
      {
        fixture: path.join(this.#releases.current, 'main.mjs'),
        cwd: this.#releases.current,
        options: { ...OPTIONS, listen: { timeoutMs: ORPHANS_MS, port: this.#port } },
        env: {
          PWD: this.#releases.current,
          SOAK_RECORDS: this.records,
          SOAK_FURTHER_PORT: String(this.#furtherPort),
        },
        execArgv: ['--expose-gc'],
      },
      // By turns. The seed decides which one is first.
      (number + this.#seed) % 2 === 0 ? reader() : disk(this.#logs),
    );
    this.lives.push(life);
    const { service } = life;
    const seen = await Promise.race([service.seen('all workers ready'), service.ended]);
    if (!('msg' in seen)) throw new Error(`it did not start:\n${service.story()}`);
    await life.begin();
  }
}

function entryFile(behaviour: Fault | 'works'): string {
  return behaviour === 'throws'
    ? `throw new Error('soak: this release throws');\n`
    : `import { serve } from './soaked.js';\nawait serve('${behaviour}');\n`;
}
