// What is possible at all: node:http without Fastify, on a socket that this process holds and never accepts from.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { bindSocket } from '../../dist/primary/sockets/bound-socket.js';
import { HOST, PORT, WORKERS, announceReady } from './surroundings.js';

const program = fileURLToPath(new URL('raw-worker.js', import.meta.url));
const socket = bindSocket({ type: 'tcp', host: HOST, port: PORT });
const workers = Array.from({ length: WORKERS }, () =>
  fork(program, { stdio: ['ignore', 'inherit', 'inherit', 'ipc', socket.fd] }),
);
await Promise.all(workers.map((worker) => once(worker, 'message')));
announceReady();
