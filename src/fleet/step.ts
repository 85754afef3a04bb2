// The one entry: what has happened comes in, the next fleet and the commands that bring it closer to its target go out.
import { apply } from './apply.ts';
import type { Command } from './command.ts';
import type { FleetEvent } from './event.ts';
import type { Fleet } from './fleet.ts';
import { reconcile } from './reconcile.ts';
import type { Context } from './turn.ts';

/** The events are all that happened since the last step, in their order; there may be none. */
export function step(
  fleet: Fleet,
  events: readonly FleetEvent[],
  context: Context,
): readonly [Fleet, readonly Command[]] {
  const { fleet: next, commands } = reconcile(apply(fleet, events, context), context);
  return [next, commands];
}
