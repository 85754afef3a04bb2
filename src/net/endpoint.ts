// Where one can listen. Every kind of endpoint is a variant here, and no other file spells out what it consists of.
import net from 'node:net';

/** `name`: it is not served by the app, but by the server that takes the name. */
export type Endpoint = (TcpEndpoint | UnixEndpoint | InheritedEndpoint) & { readonly name?: string };

export interface TcpEndpoint {
  readonly type: 'tcp';
  readonly host: string;
  readonly port: number;
  /** Of an IPv6 address: no connections over IPv4. */
  readonly ipv6Only?: boolean;
}

export interface UnixEndpoint {
  readonly type: 'unix';
  readonly path: string;
}

/** A socket that this service was started with. It is not ours: whoever handed it over holds it, and goes on when we are gone. */
export interface InheritedEndpoint {
  readonly type: 'inherited';
  /** The descriptor that it came as. */
  readonly fd: number;
  /** Null: the system does not tell. */
  readonly bound: TcpEndpoint | UnixEndpoint | null;
}

/** What status() and the log show. A name that begins with `@` is of an abstract Unix socket, which has no file. */
export type Address = TcpAddress | UnixAddress | DescriptorAddress;

interface Named {
  /** Only of an endpoint that has one. */
  readonly name?: string;
}

export interface TcpAddress extends Named {
  readonly host: string;
  readonly port: number;
}

export interface UnixAddress extends Named {
  readonly path: string;
}

/** An inherited socket of which the system does not tell where it is bound. */
export interface DescriptorAddress extends Named {
  readonly fd: number;
}

export function tcp({ host, port, ipv6Only = false }: Omit<TcpEndpoint, 'type'>): TcpEndpoint {
  return { type: 'tcp', host, port, ...(ipv6Only && { ipv6Only }) };
}

/** Where it is bound, whoever has bound it. */
export function boundAt(endpoint: Endpoint): TcpEndpoint | UnixEndpoint | null {
  return endpoint.type === 'inherited' ? endpoint.bound : endpoint;
}

export function addressOf(endpoint: Endpoint): Address {
  const bound = boundAt(endpoint);
  const name = endpoint.name === undefined ? {} : { name: endpoint.name };
  if (bound === null) return { fd: descriptorOf(endpoint), ...name };
  switch (bound.type) {
    case 'tcp':
      return { host: bound.host, port: bound.port, ...name };
    case 'unix':
      return { path: bound.path, ...name };
  }
}

/** As URLs have it: `127.0.0.1:3000`, `[::1]:3000`; or a path. */
export function formatEndpoint(endpoint: Endpoint): string {
  const bound = boundAt(endpoint);
  if (bound === null) return `descriptor ${descriptorOf(endpoint)}`;
  switch (bound.type) {
    case 'tcp': {
      const { host, port } = bound;
      return net.isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
    }
    case 'unix':
      return bound.path;
  }
}

/** Where a person finds what is served over HTTP. There is no standard for Unix sockets: nginx and others write them like this. */
export function urlOf(endpoint: Endpoint, isSecure: boolean): string {
  const bound = boundAt(endpoint);
  const where = formatEndpoint(endpoint);
  if (bound === null) return where;
  return bound.type === 'unix' ? `unix:${where}` : `${isSecure ? 'https' : 'http'}://${where}`;
}

/** Its port, where it has one. */
export function portOf(endpoint: Endpoint): number | undefined {
  const bound = boundAt(endpoint);
  return bound?.type === 'tcp' ? bound.port : undefined;
}

function descriptorOf(endpoint: Endpoint): number {
  return endpoint.type === 'inherited' ? endpoint.fd : -1;
}
