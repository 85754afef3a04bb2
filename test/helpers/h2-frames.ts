// Records the HTTP/2 frames that a server sends, in the order in which they are on the wire: a proxy between it and its clients.
import { once } from 'node:events';
import net from 'node:net';
import type { AddressInfo } from 'node:net';

const TYPES = [
  'DATA',
  'HEADERS',
  'PRIORITY',
  'RST_STREAM',
  'SETTINGS',
  'PUSH_PROMISE',
  'PING',
  'GOAWAY',
  'WINDOW_UPDATE',
] as const;

const HEAD_BYTES = 9;

/** Of the connection as a whole: 0. */
const CONNECTION = 0;

export interface Frame {
  readonly type: (typeof TYPES)[number] | 'other';
  readonly stream: number;
  /** It is the last one of its stream. */
  readonly ends: boolean;
}

export interface Recording {
  readonly port: number;
  /** Of each connection, in the order in which they were opened. */
  readonly connections: readonly (readonly Frame[])[];
}

/** For a server with prior knowledge of HTTP/2: it cannot look into TLS. */
export async function recordFrames(
  t: { after(hook: () => void): void },
  serverPort: number,
): Promise<Recording> {
  const connections: Frame[][] = [];
  const sockets = new Set<net.Socket>();
  const proxy = net.createServer({ allowHalfOpen: true }, (client) => {
    const frames: Frame[] = [];
    connections.push(frames);
    const server = net.connect({ port: serverPort, host: '127.0.0.1', allowHalfOpen: true });
    const read = frameReader((frame) => frames.push(frame));
    server.on('data', read);
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.setNoDelay();
      socket.on('error', () => [client, server].forEach((both) => both.destroy()));
      socket.on('close', () => sockets.delete(socket));
    }
    client.pipe(server);
    server.pipe(client);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  t.after(() => {
    proxy.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: (proxy.address() as AddressInfo).port, connections };
}

/** The frames of an answer, on any stream, that came after the first GOAWAY. */
export function answeredAfterGoaway(frames: readonly Frame[]): readonly Frame[] {
  const goaway = frames.findIndex(({ type }) => type === 'GOAWAY');
  return goaway === -1 ? [] : frames.slice(goaway).filter(({ stream }) => stream !== CONNECTION);
}

function frameReader(found: (frame: Frame) => void): (bytes: Buffer) => void {
  let unread: Buffer = Buffer.alloc(0);
  return (bytes) => {
    unread = Buffer.concat([unread, bytes]);
    while (unread.length >= HEAD_BYTES) {
      const length = HEAD_BYTES + unread.readUIntBE(0, 3);
      if (unread.length < length) return;
      const type = TYPES[unread.readUInt8(3)] ?? 'other';
      const isLast = (unread.readUInt8(4) & 1) === 1 && (type === 'DATA' || type === 'HEADERS');
      found({
        type,
        stream: unread.readUInt32BE(5) & 0x7fffffff,
        ends: isLast || type === 'RST_STREAM',
      });
      unread = unread.subarray(length);
    }
  };
}
