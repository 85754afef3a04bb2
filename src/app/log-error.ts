// Tells the app's logger of an error. Both are the app's own, and may be anything: telling it never throws.
import { MOST_MESSAGE, MOST_STACK, isError, toErrorInfo, toPlainError } from '../protocol/error-info.ts';
import { attempt } from '../attempt.ts';
import { writeToStderr } from '../process/stderr.ts';

interface ErrorLogger {
  error(details: object, message: string): void;
}

/** As it is, so that the logger's own serializers see all of it; else as a plain copy; else on stderr. */
export function logError(log: ErrorLogger, thrown: unknown, message: string): void {
  const forms = isOrdinary(thrown) ? [thrown, toPlainError(thrown)] : [toPlainError(thrown)];
  const isTold = forms.some((err) =>
    attempt(() => {
      log.error({ err }, message);
      return true;
    }),
  );
  if (!isTold) writeToStderr(message, toErrorInfo(thrown));
}

/** What loggers can be trusted with: they have no bounds for what is long, or for how many errors are in one. */
function isOrdinary(thrown: unknown): boolean {
  return (
    attempt(() => {
      if (!isError(thrown) || 'errors' in thrown) return false;
      const { message, stack = '' } = thrown;
      return message.length <= MOST_MESSAGE && stack.length <= MOST_STACK;
    }) === true
  );
}
