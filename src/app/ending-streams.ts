// Streams that end when the drain begins: one after the other, so that their clients do not all connect anew in the same moment.
import { PassThrough, Readable, Writable } from 'node:stream';
import { attempt } from '../attempt.ts';

/** Between one end and the next, in ms: fewer at a time are no storm. */
const MOST_APART_MS = 10;

/** The way in which one stream ends. */
type End = () => void;

export class EndingStreams {
  readonly #open = new Set<End>();
  #isDraining = false;

  /** Ends it at the drain, or at once if that has begun. Returns the stream that is to be used. */
  add<Stream extends Readable | Writable>(stream: Stream): Stream | Readable {
    return isWritable(stream) ? this.#addWritable(stream) : this.#addReadable(stream);
  }

  /** The drain begins: the last one ends after this time. */
  end(withinMs: number): void {
    this.#isDraining = true;
    const ends = [...this.#open];
    const apartMs = Math.min(MOST_APART_MS, withinMs / ends.length);
    for (const [index, end] of ends.entries()) {
      if (index === 0 || apartMs === 0) end();
      else setTimeout(end, index * apartMs).unref();
    }
  }

  /** A response, a socket, or the writable side of a PassThrough: what was written before reaches the client. */
  #addWritable<Stream extends Writable>(stream: Stream): Stream {
    this.#register(stream, () => {
      if (!stream.writableEnded && !stream.destroyed) stream.end();
    });
    return stream;
  }

  /** A source cannot be told to end, only be cut: what reads it gets another stream, which ends behind what the source has given. */
  #addReadable(source: Readable): Readable {
    const stream = new PassThrough({ objectMode: source.readableObjectMode });
    source.once('error', (error) => stream.destroy(error));
    // Who reads it has gone.
    stream.once('close', () => source.destroy());
    source.pipe(stream);
    this.#register(stream, () => {
      source.unpipe(stream);
      stream.end();
      source.destroy();
    });
    return stream;
  }

  #register(stream: Readable | Writable, end: End): void {
    const once = (): void => {
      // A stream of the app's may throw.
      if (this.#open.delete(once)) attempt(end);
    };
    this.#open.add(once);
    stream.once('close', () => this.#open.delete(once));
    // In the next turn: the app has not written to it yet.
    if (this.#isDraining) setImmediate(once);
  }
}

/** Also a response of HTTP/2, which is none of Node's own streams. */
function isWritable(stream: Readable | Writable): stream is Writable {
  return stream instanceof Writable || !(stream instanceof Readable) || 'writableEnded' in stream;
}
