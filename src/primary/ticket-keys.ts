// The keys from which all workers derive those of their TLS session tickets. They are in memory alone: in no log, no status, and no
// environment, which others of the same user can read in /proc.
import { randomBytes } from 'node:crypto';

const KEY_BYTES = 48;

export class TicketKeys {
  readonly #rotateMs: number | null;
  readonly #rotated: () => void;
  #current = make();
  #timer: NodeJS.Timeout | undefined;

  /** @param rotateMs null: they live as long as this process */
  constructor(rotateMs: number | null, rotated: () => void) {
    this.#rotateMs = rotateMs;
    this.#rotated = rotated;
  }

  /** In base64, as they travel over the channel to a worker. */
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
  return randomBytes(KEY_BYTES).toString('base64');
}
