// Listens in a process without a primary: on every address of the host, as the primary would.
import dns from 'node:dns/promises';
import type { ServableApp } from '../app/app.ts';
import { listenAlso } from '../app/listen-also.ts';
import { Acceptor } from '../drain/acceptor.ts';
import { ListenError } from '../errors.ts';
import { formatEndpoint, tcp } from '../net/endpoint.ts';
import type { Settings } from '../options/index.ts';
import { toErrorInfo } from '../protocol/error-info.ts';

/** @throws FST_CLUSTERED_LISTEN_FAILED */
export async function listen(
  app: ServableApp,
  { host, port, backlog }: Pick<Settings['listen'], 'host' | 'port' | 'backlog'>,
): Promise<Acceptor> {
  try {
    const addresses = host === 'localhost' ? await dns.lookup(host, { all: true }) : [{ address: host }];
    const [first = host, ...others] = new Set(addresses.map(({ address }) => address));
    await app.listen({ host: first, port, backlog });
    const bound = app.server.address();
    const samePort = typeof bound === 'object' && bound !== null ? bound.port : port;
    const attempts = await Promise.allSettled(
      others.map((other) => listenAlso(app, { host: other, port: samePort, backlog })),
    );
    // As in Fastify, one address of localhost is enough: a machine may name ::1 and not have it.
    const servers = attempts.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    return new Acceptor([app.server, ...servers], backlog);
  } catch (error) {
    throw new ListenError(formatEndpoint(tcp({ host, port })), toErrorInfo(error).message, { cause: error });
  }
}
