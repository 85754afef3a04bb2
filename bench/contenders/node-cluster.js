// node:cluster by hand, written as well as its documentation teaches: round-robin, a new worker for each that exits, and
// on SIGUSR2 a rolling restart that starts the successor first, on SIGTTIN one worker more: https://nodejs.org/api/cluster.html#workerdisconnect
import cluster from 'node:cluster';
import { once } from 'node:events';
import process from 'node:process';
import { HOST, PORT, WORKERS, announceReady, announceWorker } from './surroundings.js';

/** No worker may take longer to exit. */
const GRACE_MS = 10_000;

if (cluster.isPrimary) await supervise();
else await serve();

async function supervise() {
  cluster.on('exit', (worker) => {
    if (!worker.exitedAfterDisconnect) fork();
  });
  await Promise.all(Array.from({ length: WORKERS }, () => once(fork(), 'listening')));
  cluster.on('listening', announceWorker);

  process.on('SIGTTIN', fork);

  let rolling = false;
  process.on('SIGUSR2', async () => {
    if (rolling) return;
    rolling = true;
    for (const worker of Object.values(cluster.workers ?? {}))
      if (worker !== undefined) await replace(worker);
    rolling = false;
  });
  announceReady();
}

function fork() {
  const worker = cluster.fork();
  // A message to a worker that has just exited must not end the primary.
  worker.on('error', () => undefined);
  return worker;
}

/** @param {import('node:cluster').Worker} worker */
async function replace(worker) {
  await once(fork(), 'listening');
  const exited = once(worker, 'exit');
  worker.send('shutdown');
  worker.disconnect();
  const deadline = setTimeout(() => worker.process.kill('SIGKILL'), GRACE_MS);
  await exited;
  clearTimeout(deadline);
}

async function serve() {
  const { buildApp } = await import('../app/app.js');
  const app = buildApp();
  process.on('message', (message) => {
    if (message === 'shutdown') void app.close();
  });
  await app.listen({ host: HOST, port: PORT });
}
