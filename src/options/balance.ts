// Section: how connections are spread over the workers.
import process from 'node:process';
import { invalid, withDefault } from './checks.ts';

export type Balance = 'shared' | 'reuse-port' | 'round-robin';

export interface BalanceOptions {
  /**
   * How new TCP connections are spread over the workers.
   *
   * - `'shared'`: one socket, held by the primary, from which every worker accepts: one that is busy leaves them to the others.
   * - `'reuse-port'`: a socket for each slot, all held by the primary, between which the kernel chooses by a hash of the client's address
   *   and port (SO_REUSEPORT, socket(7)). Even, but a worker that is stuck delays its part until it is replaced. Where Node or the system
   *   cannot (Node.js 20, Windows, macOS), `'shared'` is used, and a warning says so.
   * - `'round-robin'`: node:cluster's own way: the primary accepts, and deals the connections out in turn. Slower, and some promises do
   *   not hold: while all workers are dead, connections are refused; and one that is on its way to a worker that dies may get no answer.
   *   At a shutdown some that no worker has accepted yet are reset.
   *
   * Unix sockets and inherited ones are shared in any case.
   * On Windows `'round-robin'` is the default, since sockets cannot be passed there.
   * @default 'shared'
   * @see https://nodejs.org/api/cluster.html#how-it-works
   */
  balance?: Balance | undefined;
}

export const checkBalance = withDefault<Balance>(
  () => (process.platform === 'win32' ? 'round-robin' : 'shared'),
  (value, name) => {
    if (value === 'shared' || value === 'reuse-port' || value === 'round-robin') return value;
    throw invalid(name, value, `'shared', 'reuse-port' or 'round-robin'`);
  },
);
