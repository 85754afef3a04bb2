// The one way in: takes what has happened, and returns the next fleet, and the commands that bring it closer to its target.
import { apply } from './apply.ts';
import type { Command } from './command.ts';
import type { FleetEvent } from './event.ts';
import type { Fleet } from './fleet.ts';
import { reconcile } from './reconcile.ts';
import type { Context } from './turn.ts';

/** The events are everything that happened since the last step, in order. There may be none. */
export function step(
  fleet: Fleet,
  events: readonly FleetEvent[],
  context: Context,
): readonly [Fleet, readonly Command[]] {
  const { fleet: next, commands } = reconcile(apply(fleet, events, context), context);
  return [next, commands];
}
