// The worker's end of the channel to its primary: what is said, what is heard, what is asked.
import process from 'node:process';
import { PrimaryGoneError } from '../errors.ts';
import { parsePrimaryMessage, wrap } from '../protocol/messages.ts';
import type { Answers, PrimaryMessage, Question, WorkerMessage } from '../protocol/messages.ts';

export type Order = Exclude<PrimaryMessage, { id: number }>;

export interface ChannelListener {
  order(order: Order): void;
  /** The primary is gone. */
  closed(): void;
}

interface Asking {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export class Channel {
  readonly #asked = new Map<number, Asking>();
  #lastId = 0;

  constructor({ order, closed }: ChannelListener) {
    process.on('message', (value: unknown) => {
      const message = parsePrimaryMessage(value);
      if (message === undefined) return;
      if ('id' in message) this.#settle(message);
      else order(message);
    });
    process.on('disconnect', () => {
      for (const { reject } of this.#asked.values()) reject(new PrimaryGoneError());
      this.#asked.clear();
      closed();
    });
  }

  /** Settles when it is on its way, with true, or when it cannot be any more. Never rejects. */
  say(message: WorkerMessage): Promise<boolean> {
    return new Promise((resolve) => {
      if (process.send === undefined || !process.connected) return resolve(false);
      process.send(wrap(message), undefined, undefined, (failed) => resolve(!failed));
    });
  }

  /** @throws FST_CLUSTERED_PRIMARY_GONE */
  ask<Q extends Question>(question: Q): Promise<Answers[Q]> {
    if (!process.connected) return Promise.reject(new PrimaryGoneError());
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise<Answers[Q]>((resolve, reject) => {
      // The primary speaks the same version of the protocol, so its answer has the shape that is asked for.
      this.#asked.set(id, { resolve: (value) => resolve(value as Answers[Q]), reject });
      void this.say({ type: 'ask', id, question });
    });
  }

  #settle({ id, value }: Extract<PrimaryMessage, { id: number }>): void {
    this.#asked.get(id)?.resolve(value);
    this.#asked.delete(id);
  }
}
