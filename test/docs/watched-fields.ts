// Which fields of an object nobody has looked at: those that a validator's schema does not know, even if it allows any.

export interface Watched {
  readonly value: unknown;
  /** Paths such as `spec.strategy`. A field inside of an unread one is not named. */
  unread(): readonly string[];
}

export function watched(data: unknown): Watched {
  const read = new Set<string>();
  return { value: watch(data, '', read), unread: () => unreadIn(data, '', read) };
}

function watch(value: unknown, at: string, read: Set<string>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return new Proxy(value, {
    get(target, key, receiver): unknown {
      const inner: unknown = Reflect.get(target, key, receiver);
      if (typeof key === 'symbol' || !Object.hasOwn(target, key)) return inner;
      const place = join(at, key);
      read.add(place);
      return watch(inner, place, read);
    },
  });
}

function unreadIn(value: unknown, at: string, read: ReadonlySet<string>): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const place = join(at, key);
    return read.has(place) ? unreadIn(inner, place, read) : [place];
  });
}

function join(at: string, key: string): string {
  return at === '' ? key : `${at}.${key}`;
}
