// A broadcast on its way. The data travels as text: the primary passes it on, and never reads it.
import { BroadcastTooLargeError } from '../errors.ts';
import { invalid } from '../options/checks.ts';

export interface Broadcast {
  readonly topic: string;
  readonly json: string;
}

/** The longest topic, in characters. */
const MAX_TOPIC = 256;

/** The largest data, in bytes as JSON. */
export const MAX_DATA_BYTES = 8 * 1_024 * 1_024;

/** @throws FST_CLUSTERED_OPTION_INVALID, FST_CLUSTERED_BROADCAST_TOO_LARGE */
export function toBroadcast(topic: string, data: unknown): Broadcast {
  const json = stringify(data);
  const bytes = Buffer.byteLength(json);
  if (bytes > MAX_DATA_BYTES) throw new BroadcastTooLargeError(String(bytes), String(MAX_DATA_BYTES));
  return { topic: checkTopic(topic), json };
}

/** @throws FST_CLUSTERED_OPTION_INVALID */
export function checkTopic(topic: unknown): string {
  if (typeof topic === 'string' && topic.length > 0 && topic.length <= MAX_TOPIC) return topic;
  throw invalid('topic', topic, `a string of 1 to ${MAX_TOPIC} characters`);
}

/** Undefined comes out for what JSON has no word for, such as a function, and a cycle or a BigInt throws. */
function stringify(data: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(data);
  } catch {
    json = undefined;
  }
  if (json === undefined) throw invalid('data', data, 'a value that JSON.stringify() turns into text');
  return json;
}
