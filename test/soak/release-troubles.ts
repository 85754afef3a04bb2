// Troubles of releases: a working one, or a broken one and then a working one.
import type { LogLine } from '../helpers/service.ts';
import type { Stage } from './stage.ts';
import type { Trouble } from './trouble.ts';

type Deploy = Extract<Trouble, { type: 'deploy' | 'deploy-broken' }>;

export async function troubleReleases(stage: Stage, trouble: Deploy): Promise<void> {
  if (trouble.type === 'deploy-broken') await untilAborted(stage, stage.deploy(trouble.fault));
  stage.deploy('works');
  stage.life.service.signal('SIGUSR2');
}

/** Another SIGUSR2 may supersede it meanwhile, with the same release: only an abort ends it. */
async function untilAborted({ life: { service } }: Stage, entry: string): Promise<void> {
  const started = service.seen('rollout started', { where: (line) => entryOf(line) === entry });
  service.signal('SIGUSR2');
  const first = Number(Reflect.get(Object((await started)['to']), 'id'));
  await service.seen('rollout aborted', { where: ({ generation }) => Number(generation) >= first });
}

/** As deploys do. The release that is running and the one that the link leads to stay. */
export async function pruneReleases(stage: Stage): Promise<void> {
  const { target } = await stage.life.settled();
  stage.prune(target.entry);
}

/** Of the release that a rollout deploys. */
export function entryOf({ to }: LogLine): unknown {
  return Reflect.get(Object(to), 'entry');
}
