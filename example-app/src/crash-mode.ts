// The tutorial's second experiment: with CRASH_WITHIN_MS set, each worker dies at a random time after its start.
import process from 'node:process';
import type { FastifyInstance } from 'fastify';

export async function crashMode(app: FastifyInstance): Promise<void> {
  const withinMs = Number(process.env['CRASH_WITHIN_MS'] ?? 0);
  if (withinMs > 0) {
    app.addHook('onListen', async () => {
      setTimeout(() => process.exit(1), Math.random() * withinMs);
    });
  }
}
