// Runs what may be the app's own code: a getter, a trap of a proxy, `[util.inspect.custom]`, a logger.

/** Undefined if it throws. */
export function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
