// Lets the shell drive the fleet of an older checkout: one that heard when heartbeats came, and nothing else; or one whose `step`
// took one event, and learnt of time by an event of its own.
import { defaultPolicy } from '../../test/helpers/default-policy.ts';
import type { FleetEvent, Heartbeats } from '../../src/fleet/event.ts';
import type { Decisions } from './shell.ts';

export function adapt(decisions: Decisions): Decisions {
  if (takesAllEvents(decisions)) return hearsCounts(decisions) ? decisions : withTimesAlone(decisions);
  return {
    ...decisions,
    step(fleet, events, context) {
      const older: readonly unknown[] = events.length === 0 ? [timePassed(new Map())] : events.map(asBefore);
      return older.reduce<ReturnType<Decisions['step']>>(
        ([sofar, commands], event) => {
          const [next, more] = Reflect.apply(decisions.step, undefined, [
            sofar,
            event,
            { ...context, heardUntil: context.now },
          ]);
          return [next, [...commands, ...more]];
        },
        [fleet, []],
      );
    },
  };
}

function takesAllEvents({ createFleet, step }: Decisions): boolean {
  const fleet = createFleet(defaultPolicy, 1, { id: 1, entry: '', cwd: '' });
  try {
    step(fleet, [], { now: 0, random: () => 0.5 });
    return true;
  } catch {
    return false;
  }
}

/** Does it know how many connections a worker holds? */
function hearsCounts({ createFleet }: Decisions): boolean {
  return 'shedding' in createFleet(defaultPolicy, 1, { id: 1, entry: '', cwd: '' });
}

function withTimesAlone(decisions: Decisions): Decisions {
  return {
    ...decisions,
    step: (fleet, events, context) =>
      Reflect.apply(decisions.step, undefined, [
        fleet,
        events.map((event) =>
          event.type === 'heartbeats' ? { ...event, heard: timesOf(event.heard) } : event,
        ),
        context,
      ]),
  };
}

function timesOf(heard: Heartbeats): ReadonlyMap<number, number> {
  return new Map([...heard].map(([id, { at }]) => [id, at]));
}

function asBefore(event: FleetEvent): unknown {
  switch (event.type) {
    case 'heartbeats':
      return timePassed(event.heard);
    case 'restart-requested':
      return { type: event.type, entry: event.generation.entry, cwd: event.generation.cwd };
    default:
      return event;
  }
}

function timePassed(heard: Heartbeats): unknown {
  return { type: 'time-passed', heard: timesOf(heard) };
}
