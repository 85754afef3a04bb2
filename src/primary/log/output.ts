// Queues lines for standard output, up to a limit; what exceeds it is dropped and counted.
import { PIECE_BYTES, openSink } from './sink.ts';
import type { Sink } from './sink.ts';

/** Some thousand lines: what a reader that pauses for a while gets nevertheless. */
const MAX_BYTES = 2 ** 20;

interface Line {
  readonly bytes: Buffer;
  /** How many missing lines this line reports. 0: it is any other line. */
  readonly reported: number;
}

export class Output {
  readonly #sink: Sink;
  readonly #writeReport: (missing: number) => void;
  #waiting: Line[] = [];
  #waitingBytes = 0;
  /** How many lines were dropped, or could not be written, and are not reported yet. */
  #missing = 0;
  /** How many of them the line reports that is just being queued. */
  #reporting = 0;
  /** Undefined: no line waits. */
  #writing: Promise<void> | undefined;

  /** @param writeReport Writes a line that says how many are missing. It is called when no other line waits. */
  constructor(writeReport: (missing: number) => void, sink = openSink()) {
    this.#writeReport = writeReport;
    this.#sink = sink;
  }

  /** Never blocks and never throws. */
  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#waitingBytes + bytes.length > MAX_BYTES) {
      this.#missing += 1;
      return;
    }
    this.#waiting.push({ bytes, reported: this.#reporting });
    this.#waitingBytes += bytes.length;
    this.#writing ??= this.#writeAll();
  }

  /** Settles when all lines are written, or the deadline is over. Never rejects. */
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
      if (isWritten) this.#missing -= lines.reduce((sum, { reported }) => sum + reported, 0);
      else this.#missing += lines.filter(({ reported }) => reported === 0).length;
      if (isWritten && this.#waiting.length === 0 && this.#missing > 0) this.#report();
    }
    this.#writing = undefined;
  }

  #report(): void {
    this.#reporting = this.#missing;
    this.#writeReport(this.#missing);
    this.#reporting = 0;
  }

  /** At least one line; else as many whole lines as fit in one piece, into which no line of a worker can get. */
  #take(): readonly Line[] {
    let sum = 0;
    const tooMany = this.#waiting.findIndex(({ bytes }) => (sum += bytes.length) > PIECE_BYTES);
    return this.#waiting.splice(0, tooMany === -1 ? this.#waiting.length : Math.max(1, tooMany));
  }
}
