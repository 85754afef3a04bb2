// Reads the fields of whatever was thrown. Each of them may be anything, a getter or a trap of a proxy: what is returned
// is bounded, and nothing here throws.
import { types } from 'node:util';
import { attempt } from '../attempt.ts';
import { cut, show } from '../show.ts';

/** In characters. What is longer is cut, and says by how much. */
export const MAX_NAME = 256;
export const MAX_MESSAGE = 4_096;

/** True for the errors of other realms, too. */
export function isError(thrown: unknown): thrown is Error {
  return types.isNativeError(thrown) || attempt(() => thrown instanceof Error) === true;
}

export function fieldOf(error: object, key: PropertyKey): unknown {
  return attempt(() => Reflect.get(error, key));
}

export function nameOf(error: object): string {
  const name = fieldOf(error, 'name');
  return typeof name === 'string' && name !== '' ? cut(name, MAX_NAME) : 'Error';
}

export function messageOf(error: object): string {
  const message = fieldOf(error, 'message');
  if (typeof message === 'string') return cut(message, MAX_MESSAGE);
  return message === undefined ? '' : show(message, MAX_MESSAGE);
}

export function codeOf(error: object): string | null {
  const code = fieldOf(error, 'code');
  if (code === undefined || code === null) return null;
  return typeof code === 'string' ? cut(code, MAX_NAME) : show(code, MAX_NAME);
}
