// Forwards TCP connections as over a distance: whatever one side does reaches the other side `delayMs` later.
import { once } from 'node:events';
import { Socket, createServer } from 'node:net';

export interface DelayingProxyOptions {
  readonly upstream: { readonly host: string; readonly port: number };
  /** The delay in each direction, so half of a round trip. */
  readonly delayMs: number;
}

export interface DelayingProxyStats {
  /** Connections accepted from clients. */
  readonly connections: number;
  /** Connections which the upstream refused; their clients were reset. */
  readonly refused: number;
  /** Connections which the upstream reset after it had accepted them; their clients were reset. */
  readonly resetByUpstream: number;
  readonly resetByClient: number;
  readonly bytesToUpstream: number;
  readonly bytesToClients: number;
}

export interface DelayingProxy {
  readonly host: string;
  readonly port: number;
  /** Live: the numbers keep changing. */
  readonly stats: DelayingProxyStats;
  /** Closes the proxy and destroys its connections. */
  close(): Promise<void>;
}

export async function startDelayingProxy(options: DelayingProxyOptions): Promise<DelayingProxy> {
  const { upstream: origin, delayMs } = options;
  const stats = {
    connections: 0,
    refused: 0,
    resetByUpstream: 0,
    resetByClient: 0,
    bytesToUpstream: 0,
    bytesToClients: 0,
  };
  const shutdowns = new Set<() => void>();

  // noDelay on both sides: Nagle's wait for an acknowledgement would come on top of the delay asked for.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    stats.connections += 1;
    const upstream = new Socket({
      allowHalfOpen: true,
      onread: {
        buffer: readBuffer,
        callback: (length) => {
          const chunk = Buffer.from(readBuffer.subarray(0, length));
          stats.bytesToClients += length;
          toClient.push(() => forward(chunk, upstream, client));
          // Before libuv 1.52 (Node 20 and 22), a reset that is there along with the bytes before it looks like a FIN,
          // unless reading stops and starts again in between.
          setImmediate(() => {
            if (!upstream.isPaused()) upstream.resume();
          });
          return false;
        },
      },
    });
    upstream.setNoDelay(true);
    const toUpstream = new DelayLine(delayMs);
    const toClient = new DelayLine(delayMs);
    let taken = false;

    // The first action, so that everything else from the client comes after it, as after a SYN.
    toUpstream.push(() => upstream.connect(origin));
    upstream.once('connect', () => {
      taken = true;
    });

    client.on('data', (chunk) => {
      stats.bytesToUpstream += Buffer.byteLength(chunk);
      toUpstream.push(() => forward(chunk, client, upstream));
    });
    client.on('end', () => toUpstream.push(() => upstream.end()));
    client.on('error', () => {
      stats.resetByClient += 1;
      toUpstream.push(() => upstream.resetAndDestroy());
    });

    upstream.on('end', () => toClient.push(() => client.end()));
    upstream.on('error', (error: NodeJS.ErrnoException) => {
      // A reset may come before the 'connect' event.
      if (taken || error.code === 'ECONNRESET' || error.code === 'EPIPE') stats.resetByUpstream += 1;
      else stats.refused += 1;
      toClient.push(() => client.resetAndDestroy());
    });

    const shutdown = () => {
      toUpstream.clear();
      toClient.clear();
      client.destroy();
      upstream.destroy();
    };
    shutdowns.add(shutdown);
    let open = 2;
    const closed = () => {
      open -= 1;
      if (open === 0) shutdowns.delete(shutdown);
    };
    client.once('close', closed);
    upstream.once('close', closed);

    client.on('drain', () => upstream.resume());
    upstream.on('drain', () => client.resume());
  });

  const host = '127.0.0.1';
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no TCP address');
  return {
    host,
    port: address.port,
    stats,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const shutdown of shutdowns) shutdown();
      await closed;
    },
  };
}

// Connections to the upstream read into this one buffer, one at a time.
const readBuffer = Buffer.allocUnsafeSlow(65_536);

/** Passes a chunk on, and pauses its source while the destination does not take more. */
function forward(chunk: string | Buffer, source: Socket, destination: Socket): void {
  if (!destination.write(chunk)) source.pause();
}

/** Runs actions in the order they were pushed, each no earlier than the delay after that. */
class DelayLine {
  readonly #delayMs: number;
  readonly #waiting: { readonly dueAt: number; readonly action: () => void }[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(delayMs: number) {
    this.#delayMs = delayMs;
  }

  push(action: () => void): void {
    this.#waiting.push({ dueAt: performance.now() + this.#delayMs, action });
    if (this.#timer === undefined) this.#arm();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
  }

  #arm(): void {
    const next = this.#waiting[0];
    if (next === undefined) this.#timer = undefined;
    else this.#timer = setTimeout(() => this.#run(), Math.max(1, Math.ceil(next.dueAt - performance.now())));
  }

  #run(): void {
    // A timer counts from the start of the event loop turn in which it was set, so it may be early: the clock decides.
    const now = performance.now();
    for (let next = this.#waiting[0]; next !== undefined && next.dueAt <= now; next = this.#waiting[0]) {
      this.#waiting.shift();
      next.action();
    }
    this.#arm();
  }
}
