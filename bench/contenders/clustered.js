// fastify-clustered, as its README says: the primary never loads the app. PACKAGE names another build of it.
import process from 'node:process';
import { HOST, PORT, WORKERS, announceReady, announceWorker } from './surroundings.js';

/** @type {typeof import('fastify-clustered')} */
const { startClustered } = await import(process.env['PACKAGE'] ?? 'fastify-clustered');

const clustered = await startClustered(async () => (await import('../app/app.js')).buildApp(), {
  workers: WORKERS,
  listen: { host: HOST, port: PORT },
  ...(process.env['ROLLOUT'] === undefined ? {} : { rollout: JSON.parse(process.env['ROLLOUT']) }),
  ...JSON.parse(process.env['OPTIONS'] ?? '{}'),
});
if (clustered.role === 'primary') {
  clustered.events.on('worker-ready', announceWorker);
  announceReady();
}
