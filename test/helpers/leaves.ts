// The options in an object of options, each with its whole name, such as `rollout.maxSurge`, and its value.

export function leaves(value: unknown, name = ''): readonly (readonly [name: string, value: unknown])[] {
  const entries = isGroup(value) ? Object.entries(value) : [];
  // An empty object is a value, as that of `env` is.
  if (entries.length === 0) return [[name, value]];
  return entries.flatMap(([key, inner]) => leaves(inner, name === '' ? key : `${name}.${key}`));
}

/** The reverse for one option: `{ rollout: { maxSurge: 2 } }`. */
export function nested(name: string, value: unknown): unknown {
  return name.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
}

function isGroup(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
