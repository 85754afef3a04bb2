// Where one can listen. Every kind of endpoint is a variant here, and no other file spells out what it consists of.
import net from 'node:net';

export type Endpoint = TcpEndpoint;

export interface TcpEndpoint extends Address {
  readonly type: 'tcp';
}

/** What server.listen() takes, and what status() and the log show. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

export function tcp({ host, port }: Address): TcpEndpoint {
  return { type: 'tcp', host, port };
}

export function addressOf(endpoint: Endpoint): Address {
  switch (endpoint.type) {
    case 'tcp': {
      const { host, port } = endpoint;
      return { host, port };
    }
  }
}

/** As URLs have it: `127.0.0.1:3000`, `[::1]:3000`. */
export function formatEndpoint(endpoint: Endpoint): string {
  switch (endpoint.type) {
    case 'tcp': {
      const { host, port } = endpoint;
      return net.isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
    }
  }
}
