// Names of endpoints, on their way from a worker to the primary.
import { cut } from '../show.ts';
import { BROKEN } from './declare.ts';
import type { Field } from './declare.ts';

const MOST = 64;
const MAX_TEXT = 1_024;

export const names: Field<readonly string[]> = (value) => {
  if (!Array.isArray(value) || value.length === 0) return BROKEN;
  return value.slice(0, MOST).map((name: unknown) => cut(String(name), MAX_TEXT));
};
