// Section: where the service listens.
import { asNumber, count, group, ms, orVariable, text, withDefault } from './checks.ts';
import type { ChecksOf } from './checks.ts';

/**
 * Where the service listens.
 * @throws FST_CLUSTERED_LISTEN_FAILED: the port is in use, the address is not allowed, or the host is unknown.
 */
export interface ListenOptions {
  /**
   * The port. `0`: any free port, the same one for every worker.
   * @default the environment variable PORT, else 3000
   */
  port?: number;
  /**
   * The host name or address. `'localhost'` means every address that it resolves to; in a container use `'0.0.0.0'`.
   * @default the environment variable FASTIFY_ADDRESS, else 'localhost'
   */
  host?: string;
  /**
   * How many connections the kernel queues until a worker accepts them. The kernel may cap it (`net.core.somaxconn`).
   * @default 511
   */
  backlog?: number;
  /**
   * How long the primary waits for a port that is in use, in ms: the workers of a primary that was killed hold it until they have
   * finished. `0`: not at all. A single process (`workers: 0`) never waits.
   * @default 10_000
   */
  timeoutMs?: number;
}

export const checkListen = group({
  port: orVariable('PORT', count({ default: 3000, max: 65_535 }), asNumber),
  host: orVariable(
    'FASTIFY_ADDRESS',
    withDefault(() => 'localhost', text),
  ),
  backlog: count({ default: 511, min: 1, max: 65_535 }),
  timeoutMs: ms({ default: 10_000 }),
} satisfies ChecksOf<ListenOptions>);
