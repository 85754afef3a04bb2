// Tells the app's logger of an error. Both are the app's own, and may be anything: telling it never throws.
import { toErrorInfo, toPlainError } from '../error-info.ts';
import { attempt } from '../show.ts';
import { writeToStderr } from '../stderr.ts';

interface ErrorLogger {
  error(details: object, message: string): void;
}

/** As it is, so that the logger's own serializers see all of it; else as a plain copy; else on stderr. */
export function logError(log: ErrorLogger, thrown: unknown, message: string): void {
  const isTold = [() => thrown, () => toPlainError(thrown)].some((error) =>
    attempt(() => {
      log.error({ err: error() }, message);
      return true;
    }),
  );
  if (!isTold) writeToStderr(message, toErrorInfo(thrown));
}
