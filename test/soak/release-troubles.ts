// Troubles that come with releases: one that works, and one that does not, mended by the next.
import type { LogLine } from '../helpers/service.ts';
import type { Stage } from './stage.ts';
import type { Trouble } from './trouble.ts';

type Deploy = Extract<Trouble, { type: 'deploy' | 'deploy-broken' }>;

export async function troubleReleases(stage: Stage, trouble: Deploy): Promise<void> {
  if (trouble.type === 'deploy-broken') await untilAborted(stage, stage.deploy(trouble.fault));
  stage.deploy('works');
  stage.life.service.signal('SIGUSR2');
}

/** Another SIGUSR2 may supersede it meanwhile, but only by itself: only an abort ends it. */
async function untilAborted({ life: { service } }: Stage, entry: string): Promise<void> {
  const started = service.seen('rollout started', { where: (line) => entryOf(line) === entry });
  service.signal('SIGUSR2');
  const first = Number(Reflect.get(Object((await started)['to']), 'id'));
  await service.seen('rollout aborted', { where: ({ generation }) => Number(generation) >= first });
}

/** As a deploy does that keeps the last few. What is running, or may be rolled out, stays. */
export async function pruneReleases(stage: Stage): Promise<void> {
  const { target } = await stage.life.settled();
  stage.prune(target.entry);
}

/** Of the release that a rollout is to. */
export function entryOf({ to }: LogLine): unknown {
  return Reflect.get(Object(to), 'entry');
}
