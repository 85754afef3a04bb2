// Runs the service for as long as something is done with it, and leaves no process behind, however that ends.
import assert from 'node:assert/strict';
import process from 'node:process';
import type { ClusteredOptions } from 'fastify-clustered';
import { Service } from '../helpers/service.ts';

const running = new Set<Service>();

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void Promise.all([...running].map((service) => service.destroy())).then(() => process.exit(1));
  });
}

export async function withService<T>(
  options: ClusteredOptions,
  use: (service: Service) => Promise<T>,
): Promise<T> {
  const service = new Service({ options });
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

/** Rolls, and waits until every old worker has gone as it was asked to. */
export async function roll(service: Service): Promise<void> {
  const { size } = await service.status();
  const gone = service.lines('worker exited').length + size;
  const { outcome } = await service.restart();
  assert.equal(outcome, 'completed', service.story());
  await service.seen('worker exited', { count: gone });
  for (const harm of ['worker crashed', 'worker killed', 'worker failing'])
    assert.deepEqual(service.lines(harm), []);
}
