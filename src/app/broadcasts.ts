// The listeners of the app for what other workers broadcast, by topic.
import type { Broadcast } from '../protocol/broadcast.ts';

/** Gets a copy of what was broadcast. What it throws, or its promise rejects with, the app's logger logs. */
export type BroadcastListener<Data = unknown> = (data: Data) => unknown;

interface Added {
  readonly listener: BroadcastListener;
}

export class Broadcasts {
  readonly #byTopic = new Map<string, Set<Added>>();

  /** Returns the function that takes the listener back. */
  add(topic: string, listener: BroadcastListener): () => void {
    const added = { listener };
    const listeners = this.#byTopic.get(topic) ?? new Set<Added>();
    this.#byTopic.set(topic, listeners.add(added));
    return () => {
      listeners.delete(added);
      if (listeners.size === 0 && this.#byTopic.get(topic) === listeners) this.#byTopic.delete(topic);
    };
  }

  deliver({ topic, json }: Broadcast, onError: (error: unknown) => void): void {
    for (const { listener } of this.#byTopic.get(topic) ?? []) void deliverTo(listener, json, onError);
  }
}

/** Each gets a copy of its own: what one does with it must not change what the next one sees. */
async function deliverTo(
  listener: BroadcastListener,
  json: string,
  onError: (error: unknown) => void,
): Promise<void> {
  try {
    await listener(JSON.parse(json));
  } catch (error) {
    onError(error);
  }
}
