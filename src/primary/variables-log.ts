// Warns of environment variables that look like those of options, but set none.
import process from 'node:process';
import { unknownVariables } from '../options/index.ts';
import type { PrimaryLogger } from './log/guard.ts';

export const VARIABLES_UNKNOWN = 'environment variables unknown';

export function warnOfVariables(log: Pick<PrimaryLogger, 'warn'>, env = process.env): void {
  const variables = unknownVariables(env);
  if (variables.length > 0) log.warn({ variables }, VARIABLES_UNKNOWN);
}
