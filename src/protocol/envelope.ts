// The envelope around every message: it tells our messages from the app's own, which travel over the same channel.

/**
 * The version of the protocol. Raised when an older primary can no longer work with a newer worker: a rollout to such a
 * release is aborted, and the service has to be restarted as a whole.
 */
export const PROTOCOL = 1;

const ENVELOPE = 'fastify-clustered';

export function wrap(message: { readonly type: string }): Record<string, unknown> {
  return { [ENVELOPE]: message };
}

/** Undefined: it is not one of our messages. */
export function unwrap(value: unknown): Record<string, unknown> | undefined {
  return isRecord(value) && isRecord(value[ENVELOPE]) ? value[ENVELOPE] : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
