// Declares messages by their fields: each field names the function that reads it. The type and the parser of a message
// both follow from its one declaration.
import { unwrap } from './envelope.ts';

/** What a field reader returns for a value that the field cannot have. */
export const BROKEN: unique symbol = Symbol('broken');

/** Reads one field of a message that came from another process. */
export type Field<T> = (value: unknown) => T | typeof BROKEN;

type Declarations = Readonly<Record<string, Readonly<Record<string, Field<unknown>>>>>;

/** The union of the declared messages. */
export type MessageOf<D extends Declarations> = {
  readonly [Type in keyof D]: { readonly type: Type } & {
    readonly [Name in keyof D[Type]]: Exclude<ReturnType<D[Type][Name]>, typeof BROKEN>;
  };
}[keyof D];

/** The parser returns undefined for what is not one of these messages, or has a broken field: the receiver ignores it. */
export function parserOf<D extends Declarations>(
  declarations: D,
): (value: unknown) => MessageOf<D> | undefined {
  return (value) => {
    const message = unwrap(value);
    const type = message?.['type'];
    if (message === undefined || typeof type !== 'string' || !Object.hasOwn(declarations, type)) {
      return undefined;
    }
    const fields = Object.entries(declarations[type] ?? {}).map(
      ([name, read]) => [name, read(message[name])] as const,
    );
    if (fields.some(([, read]) => read === BROKEN)) return undefined;
    // Its fields were read as the type has them: both come from the same declaration.
    return Object.fromEntries([['type', type], ...fields]) as MessageOf<D>;
  };
}

export const anything: Field<unknown> = (value) => value;

export const number: Field<number> = (value) =>
  typeof value === 'number' && Number.isFinite(value) ? value : BROKEN;

export const boolean: Field<boolean> = (value) => (typeof value === 'boolean' ? value : BROKEN);

export const text: Field<string> = (value) => (typeof value === 'string' ? value : BROKEN);

/** False if it is missing: the sender is of a release that did not have it yet. */
export const flag: Field<boolean> = (value) => value === true;

/** Null if it is missing: the sender does not count, or is of a release that did not yet. */
export const countIfKnown: Field<number | null> = (value) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;

/** One of the keys: a record, so that the compiler reports a missing one. */
export function keyOf<Key extends string>(keys: Readonly<Record<Key, true>>): Field<Key> {
  return (value) => Object.keys(keys).find((key): key is Key => key === value) ?? BROKEN;
}
