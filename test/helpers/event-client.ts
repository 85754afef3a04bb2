// A client of server-sent events, which connects anew when its stream ends, as an EventSource does.
import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';

/** Before it connects anew, in ms. */
const RETRY_MS = 10;

export interface EventClientOptions {
  readonly url: string;
  readonly protocol: 'HTTP/1.1' | 'HTTP/2';
}

export class EventClient {
  readonly #options: EventClientOptions;
  readonly #ids: number[] = [];
  readonly #broken: string[] = [];
  readonly #over = new AbortController();
  readonly #done: Promise<void>;
  /** Who has sent the last event. */
  #generation = 0;
  #streams = 0;

  constructor(options: EventClientOptions) {
    this.#options = options;
    this.#done = this.#run();
  }

  get generation(): number {
    return this.#generation;
  }

  /** The events that have arrived, in their order. */
  get ids(): readonly number[] {
    return this.#ids;
  }

  /** Streams that did not end as they should. */
  get broken(): readonly string[] {
    return this.#broken;
  }

  /** How many it has had. */
  get streams(): number {
    return this.#streams;
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      this.#streams += 1;
      try {
        await this.#listen(signal);
      } catch (error) {
        if (!signal.aborted) this.#broken.push(String(error));
      }
      await setTimeout(RETRY_MS);
    }
  }

  async #listen(signal: AbortSignal): Promise<void> {
    const last = this.#ids.at(-1);
    const headers = last === undefined ? {} : { 'last-event-id': String(last) };
    const { stream, close } = await this.#open(headers);
    const abort = (): void => void stream.destroy();
    signal.addEventListener('abort', abort, { once: true });
    let rest = '';
    try {
      for await (const chunk of stream.setEncoding('utf8')) {
        const events = (rest + String(chunk)).split('\n\n');
        rest = events.pop() ?? '';
        for (const event of events) this.#hear(event);
      }
      if (rest !== '') throw new Error(`it ended in the middle of an event: ${rest}`);
    } finally {
      signal.removeEventListener('abort', abort);
      close();
    }
  }

  #hear(event: string): void {
    const [, id, generation] = /^id: (\d+)\ndata: (\d+)$/.exec(event) ?? [];
    this.#ids.push(Number(id));
    this.#generation = Number(generation);
  }

  async #open(headers: Record<string, string>): Promise<{ readonly stream: Readable; close(): void }> {
    const { url, protocol } = this.#options;
    const { origin, pathname, search } = new URL(url);
    if (protocol === 'HTTP/1.1') {
      const { get } = url.startsWith('https') ? https : http;
      const [response] = await once(get(url, { headers, rejectUnauthorized: false }), 'response');
      return { stream: response, close: () => undefined };
    }
    const session = http2.connect(origin, { rejectUnauthorized: false }).on('error', () => undefined);
    const stream = session.request({ ...headers, ':path': pathname + search });
    stream.once('close', () => {
      // Node ends the stream of a session that has broken off without an error.
      if (stream.rstCode !== 0) this.#broken.push(`RST_STREAM ${stream.rstCode}`);
    });
    return { stream, close: () => session.close() };
  }
}
