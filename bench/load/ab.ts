// The tutorial's own load, by ab: every request over a connection of its own, as many as are answered in the time.
import { run } from '../processes.ts';

const EXIT_WITHIN_MS = 60_000;

export interface AbResult {
  readonly perSecond: number;
  readonly sent: number;
  /** Without an answer, or with one of another length than the first, or other than 2xx. */
  readonly failed: number;
}

/** One ab a port, all at once, with the connections dealt out evenly among them. */
export async function ab(
  ports: readonly number[],
  path: string,
  { seconds, connections }: { readonly seconds: number; readonly connections: number },
): Promise<AbResult> {
  const each = Math.ceil(connections / ports.length);
  const limits = ['-c', `${each}`, '-t', `${seconds}`];
  const results = await Promise.all(
    ports.map(async (port) =>
      parse(
        await run('ab', ['-q', '-r', ...limits, `http://127.0.0.1:${port}${path}`], {
          timeoutMs: seconds * 1000 + EXIT_WITHIN_MS,
        }),
      ),
    ),
  );
  const sum = (of: (result: AbResult) => number): number =>
    results.reduce((total, result) => total + of(result), 0);
  return {
    perSecond: sum(({ perSecond }) => perSecond),
    sent: sum(({ sent }) => sent),
    failed: sum(({ failed }) => failed),
  };
}

function parse(output: string): AbResult {
  const number = (name: string): number =>
    Number(new RegExp(`^${name}: +([0-9.]+)`, 'm').exec(output)?.[1] ?? Number.NaN);
  return {
    perSecond: number('Requests per second'),
    sent: number('Complete requests'),
    failed: number('Failed requests') + (output.includes('Non-2xx') ? number('Non-2xx responses') : 0),
  };
}
