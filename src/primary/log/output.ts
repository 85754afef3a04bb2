// Lines on their way to standard output: as many as may wait, and no more.
import { PIECE_BYTES, openSink } from './sink.ts';
import type { Sink } from './sink.ts';

/** Some thousand lines: what a reader that pauses for a while can still have. */
const MOST_BYTES = 2 ** 20;

export interface OutputListener {
  /** So many lines are lost, since nobody read them in time, or they could not be written. There is room again. */
  dropped(lines: number): void;
}

export class Output {
  readonly #sink: Sink;
  readonly #listener: OutputListener;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #dropped = 0;
  /** Undefined: nothing is to be written. */
  #writing: Promise<void> | undefined;

  constructor(listener: OutputListener, sink = openSink()) {
    this.#listener = listener;
    this.#sink = sink;
  }

  /** Never blocks and never throws. */
  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#waitingBytes + bytes.length > MOST_BYTES) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#writing ??= this.#writeAll();
  }

  /** Settles when all is written, or the deadline has come. Never rejects. */
  async flush(deadlineMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, deadlineMs);
    });
    await Promise.race([this.#writing, deadline]);
    clearTimeout(timer);
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#take();
      try {
        await this.#sink(Buffer.concat(lines));
        this.#waitingBytes -= byteLength(lines);
        // Only then is there room for the line that tells it, for sure.
        if (this.#waiting.length === 0) this.#tellDropped();
      } catch {
        this.#waitingBytes -= byteLength(lines);
        this.#dropped += lines.length;
      }
    }
    this.#writing = undefined;
  }

  /** As many whole lines as fit in one piece, which the lines of the workers cannot tear; but at least one. */
  #take(): readonly Buffer[] {
    let bytes = 0;
    const tooMany = this.#waiting.findIndex(({ length }) => (bytes += length) > PIECE_BYTES);
    return this.#waiting.splice(0, tooMany === -1 ? this.#waiting.length : Math.max(1, tooMany));
  }

  #tellDropped(): void {
    if (this.#dropped === 0) return;
    const lines = this.#dropped;
    this.#dropped = 0;
    this.#listener.dropped(lines);
  }
}

function byteLength(lines: readonly Buffer[]): number {
  return lines.reduce((sum, { length }) => sum + length, 0);
}
