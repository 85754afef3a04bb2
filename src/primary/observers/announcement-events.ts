// Emits one typed event for each announcement, to listeners that are the embedder's code.
import { EventEmitter } from 'node:events';
import type { Announcement } from '../../fleet/command.ts';
import { toPlainError } from '../../protocol/error-info.ts';
import type { PrimaryLogger } from '../log/guard.ts';
import { detailsOf } from './details.ts';
import type { ClusteredEvents, PidOf } from './details.ts';
import type { Observer } from './observer.ts';

export class AnnouncementEvents implements Observer {
  readonly #emitter: EventEmitter = new EventEmitter({ captureRejections: true });
  readonly #log: PrimaryLogger;
  readonly #pidOf: PidOf;

  constructor(log: PrimaryLogger, pidOf: PidOf) {
    this.#log = log;
    this.#pidOf = pidOf;
    // Node emits this for a listener that rejects.
    this.#emitter.on('error', (error) => this.#logFailure(error));
  }

  get emitter(): EventEmitter<ClusteredEvents> {
    return this.#emitter;
  }

  hear(announcement: Announcement): void {
    try {
      this.#emitter.emit(announcement.type, detailsOf(announcement, this.#pidOf));
    } catch (error) {
      this.#logFailure(error);
    }
  }

  #logFailure(error: unknown): void {
    this.#log.error({ err: toPlainError(error) }, 'an event listener failed');
  }
}
