// Lines on their way to standard output: as many as may wait, and no more.
import { PIECE_BYTES, openSink } from './sink.ts';
import type { Sink } from './sink.ts';

/** Some thousand lines: what a reader that pauses for a while can still have. */
const MOST_BYTES = 2 ** 20;

interface Line {
  readonly bytes: Buffer;
  /** How many lines it says are missing; 0: it is any other line. */
  readonly missing: number;
}

export class Output {
  readonly #sink: Sink;
  readonly #tellMissing: (lines: number) => void;
  #waiting: Line[] = [];
  #waitingBytes = 0;
  /** Lines that nobody read in time, or that could not be written, as long as it is not told. */
  #missing = 0;
  /** How many the line says that is being written down. */
  #telling = 0;
  /** Undefined: nothing is to be written. */
  #writing: Promise<void> | undefined;

  /** @param tellMissing Writes a line that says how many are missing: all others are written, so there is room for it. */
  constructor(tellMissing: (lines: number) => void, sink = openSink()) {
    this.#tellMissing = tellMissing;
    this.#sink = sink;
  }

  /** Never blocks and never throws. */
  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#waitingBytes + bytes.length > MOST_BYTES) {
      this.#missing += 1;
      return;
    }
    this.#waiting.push({ bytes, missing: this.#telling });
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
      const isWritten = await this.#sink(Buffer.concat(lines.map(({ bytes }) => bytes))).then(
        () => true,
        () => false,
      );
      this.#waitingBytes -= lines.reduce((sum, { bytes }) => sum + bytes.length, 0);
      if (isWritten) this.#missing -= lines.reduce((sum, { missing }) => sum + missing, 0);
      else this.#missing += lines.filter(({ missing }) => missing === 0).length;
      if (isWritten && this.#waiting.length === 0 && this.#missing > 0) this.#tell();
    }
    this.#writing = undefined;
  }

  #tell(): void {
    this.#telling = this.#missing;
    this.#tellMissing(this.#missing);
    this.#telling = 0;
  }

  /** As many whole lines as fit in one piece, which the lines of the workers cannot tear; but at least one. */
  #take(): readonly Line[] {
    let sum = 0;
    const tooMany = this.#waiting.findIndex(({ bytes }) => (sum += bytes.length) > PIECE_BYTES);
    return this.#waiting.splice(0, tooMany === -1 ? this.#waiting.length : Math.max(1, tooMany));
  }
}
