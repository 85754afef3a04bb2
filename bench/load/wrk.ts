// As many requests as are answered within some seconds, by wrk.
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { run } from '../processes.ts';

const SCRIPT = fileURLToPath(new URL('wrk.lua', import.meta.url));
const EXIT_WITHIN_MS = 60_000;

export interface WrkResult {
  /** As long as it took in truth. */
  readonly seconds: number;
  readonly p99Ms: number;
  readonly sent: number;
  /** Broken connections, timeouts and answers other than 2xx and 3xx. */
  readonly errors: number;
}

export interface WrkLoad {
  /** A thread for each, with its share of the connections. */
  readonly ports: readonly number[];
  readonly connections: number;
  readonly seconds: number;
  /** A connection for each request. */
  readonly fresh: boolean;
}

export async function wrk({ ports, connections, seconds, fresh }: WrkLoad): Promise<WrkResult> {
  const output = await run(
    'wrk',
    [
      `-t${ports.length}`,
      `-c${connections}`,
      `-d${seconds}s`,
      '-s',
      SCRIPT,
      ...(fresh ? ['-H', 'Connection: close'] : []),
      `http://127.0.0.1:${ports[0]}/`,
    ],
    { timeoutMs: seconds * 1000 + EXIT_WITHIN_MS, env: { ...process.env, PORTS: ports.join(',') } },
  );
  const seen: unknown = JSON.parse(output.trim().split('\n').at(-1) ?? '');
  const number = (name: string): number => Number(Reflect.get(Object(seen), name));
  return {
    seconds: number('micros') / 1e6,
    p99Ms: number('p99Micros') / 1000,
    sent: number('requests'),
    errors: number('broken') + number('timedOut') + number('badStatus'),
  };
}
