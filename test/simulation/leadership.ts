// Who the leader is, by what events and commands say: a part of the ledger, kept without looking at the fleet.
import type { Command } from '../../src/fleet/command.ts';
import type { FleetEvent } from '../../src/fleet/event.ts';

export class Leadership {
  /** The worker that was elected last, until it has stepped down or exited. */
  leader: number | null = null;
  electedAt = Infinity;
  /** Every worker that was ever elected. */
  readonly elected = new Set<number>();

  hear(event: FleetEvent): void {
    const isOver =
      event.type === 'leader-stepped-down' || event.type === 'worker-exited' || event.type === 'fork-failed';
    if (isOver && event.worker === this.leader) this.leader = null;
  }

  obey(command: Command, now: number): void {
    if (command.type !== 'elect') return;
    this.leader = command.worker;
    this.electedAt = now;
    this.elected.add(command.worker);
  }
}
