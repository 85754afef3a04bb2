// The entry. It runs in the primary, which never loads the app, and again in each worker.
import process from 'node:process';
import { startClustered } from 'fastify-clustered';

await startClustered(async (worker) => (await import('./app.ts')).buildApp(worker), {
  logger: { level: process.env['LOG_LEVEL'] ?? 'info' },
});
