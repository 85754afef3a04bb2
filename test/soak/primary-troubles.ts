// Troubles of the primary, apart from its SIGKILL.
import { setTimeout } from 'node:timers/promises';
import { SIZE } from './stage.ts';
import type { Stage } from './stage.ts';
import type { Trouble } from './trouble.ts';

type Of<T extends Trouble['type']> = Extract<Trouble, { type: T }>;

export async function restart(
  { life: { service } }: Stage,
  { times, apartMs }: Of<'restart'>,
): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    if (time > 0) await setTimeout(apartMs);
    service.signal('SIGUSR2');
  }
}

/** In the other direction when the size is at its bound. */
export async function resize({ life }: Stage, by: 1 | -1): Promise<void> {
  const { size } = await life.status();
  const grows = by === 1 ? size < SIZE.most : size <= SIZE.least;
  const changed = life.service.next('size changed');
  life.service.signal(grows ? 'SIGTTIN' : 'SIGTTOU');
  await changed;
}

/** Back to the number of workers at the start. */
export async function resizeToStart(stage: Stage): Promise<void> {
  for (;;) {
    const { size } = await stage.life.status();
    if (size === SIZE.start) return;
    await resize(stage, size < SIZE.start ? 1 : -1);
  }
}

export async function breakLog({ life: { output } }: Stage, ms: number): Promise<void> {
  output.block();
  await setTimeout(ms);
  output.unblock();
}

export async function pausePrimary({ life: { service } }: Stage, ms: number): Promise<void> {
  service.signal('SIGSTOP');
  await setTimeout(ms);
  service.signal('SIGCONT');
}
