// Finds the addresses behind the host of an endpoint.
import dns from 'node:dns/promises';
import type { TcpEndpoint } from '../../net/endpoint.ts';
import { listenError } from './listen-error.ts';

/**
 * All addresses of `localhost`, so that clients reach it by IPv4 and by IPv6; of any other host the first one.
 * @throws FST_CLUSTERED_LISTEN_FAILED
 */
export async function resolve(endpoint: TcpEndpoint): Promise<readonly TcpEndpoint[]> {
  const { host } = endpoint;
  try {
    const addresses = await dns.lookup(host, { all: true });
    const hosts = [...new Set(addresses.map(({ address }) => address))];
    return (host === 'localhost' ? hosts : hosts.slice(0, 1)).map((each) => ({ ...endpoint, host: each }));
  } catch (error) {
    throw listenError(endpoint, error);
  }
}
