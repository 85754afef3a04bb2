// Names the exit handlers that a process holds back: for a log line, or on their way from a worker to the primary.
import { cut } from '../show.ts';
import { BROKEN } from './declare.ts';
import type { Field } from './declare.ts';

export interface HeldHandler {
  /** The event that it listens to. */
  readonly event: string;
  /** Who added it: file and line; or the function's name, where that was before anybody could know. */
  readonly by: string;
}

/** An app may add any number. */
export const MAX_HELD = 64;

const MAX_TEXT = 1_024;

export const heldHandlers: Field<readonly HeldHandler[]> = (value) => {
  if (!Array.isArray(value)) return BROKEN;
  const read = value.slice(0, MAX_HELD).flatMap((handler: unknown) => {
    const { event, by }: Readonly<Record<string, unknown>> = Object(handler);
    return typeof event === 'string' && typeof by === 'string'
      ? [{ event: cut(event, MAX_TEXT), by: cut(by, MAX_TEXT) }]
      : [];
  });
  return read.length === 0 ? BROKEN : read;
};
