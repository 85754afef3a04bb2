// Counts the connections that are in use, and gives some of them back, so that their clients connect anew, maybe to another worker.
import type net from 'node:net';
import { closeAfterResponse, isClosing } from './close-after-response.ts';
import type { Connections } from './connections.ts';
import { speaksHttp1 } from './http1.ts';
import type { Sessions } from './http2.ts';

/** A connection counts as in use until it was not used between this many looks, one after the other: for 3 s. */
const QUIET_LOOKS = 6;

interface Use {
  bytesRead: number;
  /** How many looks found nothing new, in a row. */
  quiet: number;
}

/** How often to look, in ms. */
export const LOOK_MS = 500;

/** One connection that can be given back without a loss. */
interface Movable {
  readonly socket: net.Socket;
  /** It is given back already, and its last response is still to come. */
  readonly isClosing: boolean;
  giveBack(): void;
}

/**
 * What is idle is not counted: an idle connection is no load, and cannot be told to close. Neither is an upgraded one, which only
 * the app can end.
 */
export class ConnectionLoad {
  readonly #connections: Connections;
  readonly #sessions: Sessions;
  readonly #uses = new WeakMap<net.Socket, Use>();
  #inUse = 0;

  constructor(connections: Connections, sessions: Sessions) {
    this.#connections = connections;
    this.#sessions = sessions;
  }

  /** How many connections were in use at the last look. */
  get inUse(): number {
    return this.#inUse;
  }

  /** To be called every {@link LOOK_MS}: nothing is noted from request to request, so serving pays nothing for it. */
  look(): void {
    this.#inUse = this.#movable().filter(({ socket }) => this.#isInUse(socket)).length;
  }

  /**
   * Gives back so many of the connections that were in use at the last look, chosen at random, or all if there are fewer. Those
   * count that were given back before, and are still counted, since their clients have sent no request meanwhile.
   */
  giveBack(count: number): void {
    const used = this.#movable().filter(({ socket }) => this.#wasInUse(socket));
    const staying = used.filter(({ isClosing }) => !isClosing);
    for (const movable of anyOf(staying, count - (used.length - staying.length))) movable.giveBack();
  }

  #movable(): readonly Movable[] {
    const http1 = this.#connections.all.filter(speaksHttp1).map((socket) => ({
      socket,
      isClosing: isClosing(socket),
      giveBack: () => closeAfterResponse(this.#connections, socket),
    }));
    return [...http1, ...this.#sessions.open];
  }

  #isInUse(socket: net.Socket): boolean {
    const { bytesRead } = socket;
    const use = this.#uses.get(socket) ?? { bytesRead: 0, quiet: QUIET_LOOKS };
    use.quiet = use.bytesRead === bytesRead ? use.quiet + 1 : 0;
    use.bytesRead = bytesRead;
    this.#uses.set(socket, use);
    return this.#wasInUse(socket);
  }

  #wasInUse(socket: net.Socket): boolean {
    return (this.#uses.get(socket)?.quiet ?? QUIET_LOOKS) < QUIET_LOOKS;
  }
}

/** So many of them, each as likely as any other. */
function anyOf<T>(all: readonly T[], count: number): readonly T[] {
  const left = [...all];
  const most = Math.max(0, Math.min(count, left.length));
  for (let index = 0; index < most; index += 1) {
    const other = index + Math.floor(Math.random() * (left.length - index));
    [left[index], left[other]] = [left[other] as T, left[index] as T];
  }
  return left.slice(0, most);
}
