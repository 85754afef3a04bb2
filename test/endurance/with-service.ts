// Runs a service for as long as something is done with it, and leaves no process behind, however that ends.
import assert from 'node:assert/strict';
import { onInterrupt } from '../helpers/command.ts';
import { Service } from '../helpers/service.ts';
import type { ServiceOptions } from '../helpers/service.ts';

const running = new Set<Service>();

onInterrupt(() => Promise.all([...running].map((service) => service.destroy())));

export async function withService<T>(
  options: ServiceOptions,
  use: (service: Service) => Promise<T>,
): Promise<T> {
  const service = new Service(options);
  running.add(service);
  try {
    await service.seen('all workers ready');
    const result = await use(service);
    assert.equal(await service.stop(), 0, service.story());
    assert.deepEqual(service.leftovers(), []);
    return result;
  } finally {
    await service.destroy();
    running.delete(service);
  }
}

/** Rolls, and waits until every old worker has drained and exited by itself. */
export async function roll(service: Service): Promise<void> {
  const { size } = await service.status();
  const before = service.lines('worker exited').length;
  await service.rollOut();
  await service.drained();
  assert.equal(service.lines('worker exited').length, before + size, service.story());
  for (const failure of ['worker crashed', 'worker killed', 'worker failing'] as const)
    assert.deepEqual(service.lines(failure), []);
}
