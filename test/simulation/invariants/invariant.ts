// What must hold, whatever happens: each invariant has a name, by which a breach is reported.
import type { Command } from '../../../src/fleet/command.ts';
import type { Ledger } from '../ledger.ts';
import type { Moment } from '../primary.ts';
import type { World } from '../world.ts';

/** What invariants look at. */
export interface View {
  readonly ledger: Ledger;
  readonly moment: Moment;
  /** The truth, which neither the fleet nor the ledger sees. */
  readonly world: World;
}

/** Each check answers with what is wrong, or null. */
export interface Invariant {
  readonly name: string;
  /** Of each command, before it is entered in the ledger. */
  readonly command?: (view: View, command: Command) => string | null;
  /** Of each step, when all its commands are entered. */
  readonly step?: (view: View) => string | null;
}
