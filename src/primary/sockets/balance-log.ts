// The way in which connections are spread that is possible here, and what the log says of it.
import process from 'node:process';
import type { Balance } from '../../options/index.ts';
import type { PrimaryLogger } from '../log/guard.ts';
import { canReusePort } from './bound-socket.ts';

/** Says so where it is not the one that is wanted, and where it cannot keep what the others do. */
export function possibleBalance(wanted: Balance, log: PrimaryLogger): Balance {
  if (wanted === 'reuse-port' && !canReusePort()) {
    log.warn({ wanted, balance: 'shared', explanation: CANNOT_REUSE }, 'balance not possible');
    return 'shared';
  }
  if (wanted === 'round-robin')
    log.info({ balance: wanted, explanation: PASSES_ON }, 'connections pass through the primary');
  return wanted;
}

const CANNOT_REUSE = `sockets of several slots cannot share a port (SO_REUSEPORT): that needs Linux, and Node.js 22.12 or newer; this is Node.js ${process.version} on ${process.platform}`;

const PASSES_ON =
  'while all workers are dead connections are refused; one that is on its way to a worker that dies may get no answer; and at a shutdown some that no worker has accepted yet are reset';
