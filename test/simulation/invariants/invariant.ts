// What must hold, whatever happens. Each invariant has a name, which a breach is reported by.
import type { Command } from '../../../src/fleet/command.ts';
import type { Ledger } from '../ledger.ts';
import type { Moment } from '../primary.ts';
import type { World } from '../world.ts';

/** What invariants look at. */
export interface View {
  readonly ledger: Ledger;
  readonly moment: Moment;
  /** The true state of the processes, which neither the fleet nor the ledger sees. */
  readonly world: World;
}

/** Each check returns what is wrong, or null. */
export interface Invariant {
  readonly name: string;
  /** Called for each command, before it is entered in the ledger. */
  readonly command?: (view: View, command: Command) => string | null;
  /** Called for each step, when all its commands are entered. */
  readonly step?: (view: View) => string | null;
}
