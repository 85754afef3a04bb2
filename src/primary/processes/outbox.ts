// The broadcasts on their way to one worker. One that does not read must not fill the memory of the primary: what is too much
// is dropped, and counted.
import { Backlog } from '../../protocol/backlog.ts';
import type { Broadcast } from '../../protocol/broadcast.ts';

export interface OutboxHandlers {
  /** Has to call `written` in the end, whatever came of it: when the channel closes, Node does. */
  write(broadcast: Broadcast, written: () => void): void;
  /** Nothing waits any more, since the worker has read it, or its channel is closed: so many were dropped meanwhile. */
  dropped(count: number): void;
}

export class Outbox {
  readonly #handlers: OutboxHandlers;
  readonly #backlog = new Backlog();
  #dropped = 0;

  constructor(handlers: OutboxHandlers) {
    this.#handlers = handlers;
  }

  send(broadcast: Broadcast): void {
    const isSent = this.#backlog.send(broadcast, (written) =>
      this.#handlers.write(broadcast, () => {
        written();
        if (this.#backlog.isEmpty) this.#tell();
      }),
    );
    if (!isSent) this.#dropped += 1;
  }

  #tell(): void {
    const count = this.#dropped;
    this.#dropped = 0;
    if (count > 0) this.#handlers.dropped(count);
  }
}
