// Splits a stream into lines of bounded length.

/** The line grows beyond what is allowed. Nothing that follows can be understood. */
export class LineTooLongError extends Error {
  override readonly name = 'LineTooLongError';
}

export class Lines {
  readonly #max: number;
  #rest: Buffer[] = [];
  #restBytes = 0;

  /** @param max bytes of a line, without its end */
  constructor(max: number) {
    this.#max = max;
  }

  /** The lines that this piece completes, without their ends. @throws LineTooLongError */
  *push(piece: Buffer): Generator<string> {
    let start = 0;
    for (let end = piece.indexOf(NEWLINE); end !== -1; end = piece.indexOf(NEWLINE, start)) {
      this.#keep(piece.subarray(start, end));
      start = end + 1;
      yield this.#take();
    }
    this.#keep(piece.subarray(start));
  }

  /** What came without an end of line before the stream ended. Empty: nothing. */
  rest(): string {
    return this.#take();
  }

  #keep(bytes: Buffer): void {
    this.#restBytes += bytes.length;
    if (this.#restBytes > this.#max) throw new LineTooLongError(`a line has more than ${this.#max} bytes`);
    if (bytes.length > 0) this.#rest.push(bytes);
  }

  #take(): string {
    const line = Buffer.concat(this.#rest).toString('utf8');
    this.#rest = [];
    this.#restBytes = 0;
    return line.endsWith('\r') ? line.slice(0, -1) : line;
  }
}

const NEWLINE = 10;
