// Section: where the probes of an orchestrator or a load balancer are answered.
import { count, group, orFalse, text, withDefault } from './checks.ts';
import type { Check, ChecksOf } from './checks.ts';

/**
 * Where `/livez`, `/readyz` and `/startupz` are answered: by the primary, which waits for no worker. Each answers 200 or 503, with
 * the reason.
 * @throws FST_CLUSTERED_LISTEN_FAILED: the port is in use, the address is not allowed, or the host is unknown.
 */
export interface HealthOptions {
  /**
   * The port. `0`: any free port; the log says which.
   * @default 9_000
   */
  port?: number | undefined;
  /**
   * The host name or address. The default takes IPv4 and IPv6, as probes come from outside of a container; where there is no IPv6 it
   * means `'0.0.0.0'`.
   * @default '::'
   */
  host?: string | undefined;
  /**
   * The path of a Unix socket, instead of port and host. Every user may connect to it (mode 0666): its folder says who can
   * reach it. It is removed at the end.
   * @default null
   */
  path?: string | null | undefined;
}

const orNull: Check<string | null> = Object.assign(
  (value: unknown, name: string, runtime: Parameters<typeof text>[2]) =>
    value === null ? null : text(value, name, runtime),
  { read: text.read },
);

export const checkHealth = orFalse(
  group({
    port: count({ default: 9_000, max: 65_535 }),
    host: withDefault(() => '::', text),
    path: withDefault(() => null, orNull),
  } satisfies ChecksOf<HealthOptions>),
  'off',
);
