// What a worker's options of Node say of its debugger: whether there is one, and at which port.
import process from 'node:process';
import { nameOf, wordsOf } from '../../process/command-line.ts';
import type { Launch } from './worker-process.ts';

export interface DebuggerOptions {
  /** It is open from the start. Else only a signal, or the app itself, opens it. */
  readonly isOpen: boolean;
  /** The port of the first worker, if it is given. */
  readonly port: number | undefined;
}

/** Undefined: its options have nothing of it. */
export function debuggerOptions({
  execArgv,
  env,
}: Pick<Launch, 'execArgv' | 'env'>): DebuggerOptions | undefined {
  // In this order Node reads them, and the last one counts.
  const words = [...wordsOf(env['NODE_OPTIONS'] ?? ''), ...execArgv];
  return words.reduce<DebuggerOptions | undefined>((sofar, word, index) => {
    const [, no, option] = OPTION.exec(nameOf(word)) ?? [];
    if (option === undefined) return sofar;
    const isOpen = OPENS.has(option) ? no === undefined : sofar?.isOpen === true;
    return { isOpen, port: portOf(word, words[index + 1]) ?? sofar?.port };
  }, undefined);
}

/** https://nodejs.org/api/cli.html#--inspecthostport */
const OPTION = /^--(no-)?(inspect(?:-.*)?|debug-port)$/;

/** The others only say where and how it listens once it is open. */
const OPENS = new Set(['inspect', 'inspect-brk', 'inspect-brk-node', 'inspect-wait']);

/** `--inspect-port` may have its value in the next word. */
function portOf(word: string, next: string | undefined): number | undefined {
  const equals = word.indexOf('=');
  const value = equals === -1 && /^--(?:inspect.port|debug.port)$/.test(word) ? next : word.slice(equals + 1);
  const [, port] = /(?:^|:)(\d+)$/.exec(value ?? '') ?? [];
  return port === undefined ? undefined : Number(port);
}

const MIN_PORT = 1_024;
const MAX_PORT = 65_535;

/** Two processes cannot listen at the same port: Node would end the second one with code 12. */
export class DebuggerPorts {
  #given = 0;

  /** The port for the next worker. 0: any free one, as its options say. */
  next({ port = process.debugPort }: Pick<DebuggerOptions, 'port'>): number {
    if (port === 0) return 0;
    // The primary, with the same options, has the first one.
    const first = port === process.debugPort ? port + 1 : port;
    const next = first + this.#given;
    this.#given += 1;
    return next <= MAX_PORT ? next : MIN_PORT + ((next - MAX_PORT - 1) % (MAX_PORT - MIN_PORT + 1));
  }
}
