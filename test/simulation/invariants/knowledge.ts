// Which workers the fleet knows, and which of them get commands.
import type { Command } from '../../../src/fleet/command.ts';
import { surveyed } from '../../../src/fleet/fleet.ts';
import type { Occupancy } from '../../../src/fleet/occupancy.ts';
import type { Worker } from '../../../src/fleet/worker.ts';
import type { Known, Ledger } from '../ledger.ts';
import type { Invariant } from './invariant.ts';

export const knowledge: readonly Invariant[] = [
  {
    name: 'the fleet has exactly the workers that its commands and events imply',
    step: ({ ledger, moment: { after } }) => {
      const expected = [...ledger.workers.values()].map(
        ({ id, slot, generation, state }) => `#${id} ${slot} ${generation} ${state}`,
      );
      const actual = after.workers.map(
        ({ id, slot, generation, state }) => `#${id} ${slot} ${generation} ${inLedger[state]}`,
      );
      if (actual.join() !== expected.join()) return `${actual.join()}; expected: ${expected.join()}`;
      if (after.slots.length !== ledger.size) return `${after.slots.length} slots, expected ${ledger.size}`;
      const generations = `${after.target.id} over ${after.stable.id}`;
      const aims = `${ledger.target} over ${ledger.stable}`;
      return generations === aims ? null : `${generations}, expected ${aims}`;
    },
  },
  {
    name: 'the index of the workers is the same as one made anew',
    step: ({ moment: { after } }) => {
      const kept = inWords(after.occupancy);
      const seen = inWords(surveyed(after).occupancy);
      return kept === seen ? null : `${kept}; expected: ${seen}`;
    },
  },
  {
    name: 'no command is for a worker that has exited, and none comes twice',
    command: ({ ledger }, command) => {
      if (command.type !== 'drain' && command.type !== 'kill' && command.type !== 'leave') return null;
      const worker = ledger.workers.get(command.worker);
      if (worker === undefined) return `${command.type} for #${command.worker}, which is not there`;
      return isDue(ledger, worker, command)
        ? null
        : `${command.type} for #${worker.id}, which is ${worker.state}`;
    },
  },
];

/** Slots and generations without workers are left out, as an index may have them or not. */
function inWords({ bySlot, ofGeneration, ...counts }: Occupancy): string {
  const slots = bySlot.flatMap((workers, slot) =>
    workers.length === 0 ? [] : [`${slot}: ${workers.map(({ id, state }) => `#${id} ${state}`).join(' ')}`],
  );
  const shares = [...ofGeneration]
    .filter(([, { active }]) => active > 0)
    .map(([id, share]) => `generation ${id}: ${JSON.stringify(share)}`);
  return [...slots, ...shares.toSorted(), JSON.stringify(counts)].join(', ');
}

const inLedger: Record<Worker['state'], Known['state']> = {
  booting: 'booting',
  ready: 'ready',
  draining: 'leaving',
  killing: 'killed',
};

function isDue(
  ledger: Ledger,
  worker: Known,
  command: Extract<Command, { type: 'drain' | 'kill' | 'leave' }>,
): boolean {
  switch (command.type) {
    case 'drain':
      if (worker.state === 'killed') return false;
      return command.cause === 'shutdown' ? !worker.isToldToStop : worker.state !== 'leaving';
    case 'kill':
      return worker.state !== 'killed';
    case 'leave':
      return ledger.phase === 'leaving' && worker.state === 'ready' && !worker.isToldToLeave;
  }
}
