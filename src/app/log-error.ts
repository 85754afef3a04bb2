// Logs an error with the app's logger. Error and logger are the app's own and may be anything: this never throws.
import { attempt } from '../attempt.ts';
import { writeToStderr } from '../process/stderr.ts';
import { MAX_MESSAGE, isError } from '../protocol/error-fields.ts';
import { toErrorInfo, toPlainError } from '../protocol/error-info.ts';
import { MAX_STACK } from '../protocol/print-error.ts';

export interface ErrorLogger {
  error(details: object, message: string): void;
}

/** For as long as there is no app, and so no logger of its own. */
export const STDERR_LOGGER: ErrorLogger = {
  error: (details, message) => writeToStderr(message, toErrorInfo(Reflect.get(details, 'err'))),
};

/** The error itself, so that the logger's serializers see all of it; if that throws, a plain copy; then stderr. */
export function logError(log: ErrorLogger, thrown: unknown, message: string): void {
  const forms = isOrdinary(thrown) ? [thrown, toPlainError(thrown)] : [toPlainError(thrown)];
  const isLogged = forms.some((err) =>
    attempt(() => {
      log.error({ err }, message);
      return true;
    }),
  );
  if (!isLogged) writeToStderr(message, toErrorInfo(thrown));
}

/** Safe for a logger: loggers print messages, stacks and nested errors of any size. */
function isOrdinary(thrown: unknown): boolean {
  return (
    attempt(() => {
      if (!isError(thrown) || 'errors' in thrown) return false;
      const { message, stack = '' } = thrown;
      return message.length <= MAX_MESSAGE && stack.length <= MAX_STACK;
    }) === true
  );
}
