// The one entry: an event comes in, a new fleet and the commands that make actual match wanted go out.
import { apply } from './apply.ts';
import type { Command } from './command.ts';
import type { FleetEvent } from './event.ts';
import type { Fleet } from './fleet.ts';
import { reconcile } from './reconcile.ts';
import type { Context } from './turn.ts';

export function step(
  fleet: Fleet,
  event: FleetEvent,
  context: Context,
): readonly [Fleet, readonly Command[]] {
  const turn = reconcile(apply(fleet, event, context), context);
  return [turn.fleet, turn.commands];
}
