// What was sent over a channel and is not written to it yet, since the other side does not read. Node would keep any amount
// of it in memory. Only broadcasts are counted and refused: all other messages are small and few.
import type { Broadcast } from './broadcast.ts';

/** How much may wait, in bytes. */
export const MAX_WAITING_BYTES = 16 * 1_024 * 1_024;

/** What a message costs besides its text, so that many small ones are bounded, too. */
const OVERHEAD_BYTES = 1_024;

export class Backlog {
  #waiting = 0;

  get isEmpty(): boolean {
    return this.#waiting === 0;
  }

  /** False: it was not sent, because too much waits already. `send` has to call `written` in the end, whatever came of it. */
  send({ topic, json }: Broadcast, send: (written: () => void) => void): boolean {
    const bytes = OVERHEAD_BYTES + Buffer.byteLength(topic) + Buffer.byteLength(json);
    if (this.#waiting + bytes > MAX_WAITING_BYTES) return false;
    this.#waiting += bytes;
    send(() => {
      this.#waiting -= bytes;
    });
    return true;
  }
}
