// What is measured: each contender is a program that gets the number of workers and the port by its environment.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ClusteredOptions } from 'fastify-clustered';
import type { CONTENDERS, Options } from './options.ts';

export type ContenderId = (typeof CONTENDERS)[number] | 'other';

export interface Contender {
  readonly id: ContenderId;
  readonly title: string;
  /** Of node. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** So many processes of this program, each on a port of its own. */
  readonly copies: number;
  /** Which processes answer requests: the children of the program, or the program itself. */
  readonly served: 'by-children' | 'by-itself';
  /** The built package behind it; null: it has nothing to do with this package. */
  readonly dist: string | null;
}

const DIST = fileURLToPath(new URL('../dist', import.meta.url));

export function sideBySide({ workers }: Options): readonly Contender[] {
  return [
    { ...supervisor('ours', 'fastify-clustered', 'clustered.js'), dist: DIST },
    variant('unshed', 'without shedding', { shed: false }),
    variant('reusePort', 'reuse-port', { balance: 'reuse-port' }),
    variant('roundRobin', 'round-robin', { balance: 'round-robin' }),
    supervisor('cluster', 'node:cluster', 'node-cluster.js'),
    plain('one', 'one process', 1),
    plain('several', `${workers} processes`, workers),
    supervisor('raw', 'raw node:http', 'raw.js'),
    bare,
  ];
}

/** Two builds of this package, over the same app. */
export function twoCheckouts(against: string): readonly Contender[] {
  const dist = resolve(against, 'dist');
  const index = resolve(dist, 'index.js');
  if (!existsSync(index)) throw new Error(`--against: ${index} is not there; build that checkout first`);
  return [
    { ...supervisor('ours', 'this checkout', 'clustered.js'), dist: DIST },
    {
      ...supervisor('other', against, 'clustered.js'),
      env: { PACKAGE: pathToFileURL(index).href },
      dist,
    },
  ];
}

function supervisor(id: ContenderId, title: string, program: string): Contender {
  return { id, title, args: [pathOf(program)], env: {}, copies: 1, served: 'by-children', dist: null };
}

/** This package with other options than the defaults. */
function variant(id: ContenderId, title: string, options: ClusteredOptions): Contender {
  const env = { OPTIONS: JSON.stringify(options) };
  return { ...supervisor(id, title, 'clustered.js'), env, dist: DIST };
}

function plain(id: ContenderId, title: string, copies: number): Contender {
  return { id, title, args: [pathOf('plain.js')], env: {}, copies, served: 'by-itself', dist: null };
}

/** One process after the other: what boots cost without a supervisor. */
export const manyBoots: Contender = plain('one', 'a plain process', 1);

/** Node alone, to know what it takes itself: it serves nothing. */
const bare: Contender = {
  id: 'bare',
  title: 'bare Node',
  args: [
    '-e',
    "setInterval(() => undefined, 1000); process.once('disconnect', process.exit); process.send({ type: 'ready' })",
  ],
  env: {},
  copies: 1,
  served: 'by-itself',
  dist: null,
};

function pathOf(program: string): string {
  return fileURLToPath(new URL(`contenders/${program}`, import.meta.url));
}
