// What the keys of TLS session tickets follow from in all workers, in two halves: neither the environment of a worker, which others of
// the same user can read, nor its channel, whose messages an app may log, has both.
import { randomBytes } from 'node:crypto';

const BYTES = 32;

export class TicketKeys {
  /** What each worker is born with, in base64. */
  readonly secret = make();
  readonly #rotateMs: number | null;
  readonly #rotated: () => void;
  #current = make();
  #timer: NodeJS.Timeout | undefined;

  /** @param rotateMs null: they live as long as this process */
  constructor(rotateMs: number | null, rotated: () => void) {
    this.#rotateMs = rotateMs;
    this.#rotated = rotated;
  }

  /** What goes over the channel to a worker, in base64. Only this half is rotated: keys follow from both. */
  get current(): string {
    return this.#current;
  }

  start(): void {
    if (this.#rotateMs !== null) this.#timer = setInterval(() => this.#rotate(), this.#rotateMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #rotate(): void {
    this.#current = make();
    this.#rotated();
  }
}

function make(): string {
  return randomBytes(BYTES).toString('base64');
}
