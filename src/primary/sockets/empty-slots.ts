// Closes the sockets of slots that have nobody who empties their queues: the kernel must not choose them for new connections.
//
// What waits in such a queue at that moment is reset; with net.ipv4.tcp_migrate_req it goes to another socket of the port.
import type { Announcement } from '../../fleet/command.ts';
import type { FleetStatus } from '../../status.ts';
import type { Observer } from '../observers/observer.ts';
import type { HeldSockets } from './held-sockets.ts';

/** A slot that is filled again within this time keeps its sockets, and with them what waits in their queues. In ms. */
const WORTH_WAITING_MS = 1_000;

export class EmptySlots implements Observer {
  readonly #sockets: Pick<HeldSockets, 'closeSlot'>;
  readonly #status: () => Pick<FleetStatus, 'size' | 'workers'>;

  constructor(sockets: Pick<HeldSockets, 'closeSlot'>, status: () => Pick<FleetStatus, 'size' | 'workers'>) {
    this.#sockets = sockets;
    this.#status = status;
  }

  hear(announcement: Announcement): void {
    switch (announcement.type) {
      case 'respawn-delayed':
        if (announcement.delayMs > WORTH_WAITING_MS) this.#closeUnlessServed(announcement.slot);
        return;
      case 'worker-exited':
        // Of one that was scaled away.
        if (announcement.worker.slot >= this.#status().size)
          this.#closeUnlessServed(announcement.worker.slot);
        return;
      default:
    }
  }

  /** If nobody is ready at all, whoever connects had better wait. */
  #closeUnlessServed(slot: number): void {
    const ready = this.#status().workers.filter(({ state }) => state === 'ready');
    if (ready.length > 0 && ready.every((worker) => worker.slot !== slot)) this.#sockets.closeSlot(slot);
  }
}
