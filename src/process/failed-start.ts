// A service that did not start ends with exit code 1, even if its caller catches the error and does nothing else.
import process from 'node:process';

export class FailedStart {
  #hasSet = false;

  fail(): void {
    // A code that the caller has set says more.
    if (process.exitCode !== undefined && process.exitCode !== 0) return;
    process.exitCode = 1;
    this.#hasSet = true;
  }

  /** It has started after all. */
  clear(): void {
    if (this.#hasSet && process.exitCode === 1) process.exitCode = undefined;
    this.#hasSet = false;
  }
}
