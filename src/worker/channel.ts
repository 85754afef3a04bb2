// The worker's end of the channel to its primary: messages both ways, and requests with their responses.
import process from 'node:process';
import { PrimaryGoneError } from '../errors.ts';
import { Backlog } from '../protocol/backlog.ts';
import type { Broadcast } from '../protocol/broadcast.ts';
import { wrap } from '../protocol/envelope.ts';
import { parsePrimaryMessage } from '../protocol/from-primary.ts';
import type { PrimaryMessage } from '../protocol/from-primary.ts';
import type { WorkerMessage } from '../protocol/from-worker.ts';
import type { RequestName, Responses } from '../protocol/requests.ts';

type ResponseMessage = Extract<PrimaryMessage, { type: 'response' }>;

/** What the primary sends of its own accord. */
export type Instruction = Exclude<PrimaryMessage, ResponseMessage>;

export interface ChannelHandlers {
  onInstruction(instruction: Instruction): void;
  onDisconnect(): void;
}

interface PendingRequest {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export class Channel {
  readonly #pending = new Map<number, PendingRequest>();
  readonly #backlog = new Backlog();
  #lastId = 0;

  constructor({ onInstruction, onDisconnect }: ChannelHandlers) {
    process.on('message', (value: unknown) => {
      const message = parsePrimaryMessage(value);
      if (message === undefined) return;
      if (message.type === 'response') this.#settle(message);
      else onInstruction(message);
    });
    process.on('disconnect', () => {
      for (const { reject } of this.#pending.values()) reject(new PrimaryGoneError());
      this.#pending.clear();
      onDisconnect();
    });
  }

  /** Settles with true when the message is written to the channel, with false when it cannot be. Never rejects. */
  send(message: WorkerMessage): Promise<boolean> {
    return new Promise((resolve) => {
      if (process.send === undefined || !process.connected) return resolve(false);
      process.send(wrap(message), undefined, undefined, (failed) => resolve(!failed));
    });
  }

  /** False: it is not sent, since the primary is gone, or has not read what was broadcast before. */
  broadcast(broadcast: Broadcast): boolean {
    if (!process.connected) return false;
    return this.#backlog.send(broadcast, (written) => {
      void this.send({ type: 'broadcast', ...broadcast }).then(written);
    });
  }

  /** @throws FST_CLUSTERED_PRIMARY_GONE */
  request<Name extends RequestName>(name: Name): Promise<Responses[Name]> {
    if (!process.connected) return Promise.reject(new PrimaryGoneError());
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise<Responses[Name]>((resolve, reject) => {
      // The primary speaks the same version of the protocol, so the response has the shape that its name says.
      this.#pending.set(id, { resolve: (value) => resolve(value as Responses[Name]), reject });
      void this.send({ type: 'request', id, name });
    });
  }

  #settle({ id, value }: ResponseMessage): void {
    this.#pending.get(id)?.resolve(value);
    this.#pending.delete(id);
  }
}
