// A fixed number of kept-alive HTTP/1.1 requests, by h2load.
import { run } from '../processes.ts';

const TIMEOUT_MS = 300_000;

/**
 * One h2load a port, all at once, with the requests and the connections dealt out evenly among them. Gives the number
 * of requests, which are all answered.
 * @throws a request was not answered
 */
export async function h2load(
  ports: readonly number[],
  requests: number,
  connections: number,
): Promise<number> {
  const each = Math.ceil(requests / ports.length);
  const clients = Math.min(each, Math.ceil(connections / ports.length));
  await Promise.all(
    ports.map(async (port) => {
      const args = ['--h1', '-n', `${each}`, '-c', `${clients}`, `http://127.0.0.1:${port}/`];
      const output = await run('h2load', args, { timeoutMs: TIMEOUT_MS });
      const all = [`${each} succeeded, 0 failed, 0 errored, 0 timeout`, `${each} 2xx`];
      if (!all.every((part) => output.includes(part)))
        throw new Error(`h2load: not every request was answered:\n${output}`);
    }),
  );
  return each * ports.length;
}
