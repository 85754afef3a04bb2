// Without a logger: writes the errors of workers to stderr, and why the service did not start. What a log would have is lost.
import type { Announcement } from '../../fleet/command.ts';
import type { ErrorInfo } from '../../fleet/event.ts';
import { writeToStderr } from '../../process/stderr.ts';
import type { PidOf } from './details.ts';
import { FirstErrors } from './first-errors.ts';
import type { Observer } from './observer.ts';

type Write = (what: string, error: ErrorInfo, pid?: number) => void;

export class FailureReport implements Observer {
  readonly #pidOf: PidOf;
  readonly #write: Write;
  readonly #first = new FirstErrors();

  constructor(pidOf: PidOf, write: Write = writeToStderr) {
    this.#pidOf = pidOf;
    this.#write = write;
  }

  hear(announcement: Announcement): void {
    if (this.#first.isRepeated(announcement)) return;
    if (announcement.type === 'worker-failing') {
      const { id, slot, generation } = announcement.worker;
      const pid = this.#pidOf(id) ?? undefined;
      this.#write(`the worker of slot ${slot}, generation ${generation}, failed`, announcement.error, pid);
    }
    if (announcement.type !== 'fleet-stopping') return;
    const { reason, error } = announcement.ending;
    if (reason === 'boot-failed' && error !== null) this.#write('the service did not start', error);
  }
}
