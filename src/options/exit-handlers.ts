// Section: what becomes of the exit handlers that others add.
import { invalid, withDefault } from './checks.ts';

export interface ExitHandlerOptions {
  /**
   * What becomes of listeners for signals and uncaught errors that the app, an SDK or an `--import` file adds. `'hold'`: they
   * run when the drain is over, so that their flushes happen, and their `process.exit()` costs no request. `'leave'`: they
   * run at once, and may end the process in the middle of its requests.
   * @default 'hold'
   */
  exitHandlers?: 'hold' | 'leave';
}

export const checkExitHandlers = withDefault<NonNullable<ExitHandlerOptions['exitHandlers']>>(
  () => 'hold',
  (value, name) => {
    if (value === 'hold' || value === 'leave') return value;
    throw invalid(name, value, `'hold' or 'leave'`);
  },
);
