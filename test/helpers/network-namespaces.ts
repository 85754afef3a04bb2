// Hosts of a test's own: network namespaces, each with a link to the one that the test runs in.
import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { hasTool } from './tools.ts';

interface TestContext {
  skip(message: string): void;
  after(hook: () => void): void;
}

export interface Host {
  /** Of the namespace, for `ip netns exec`. */
  readonly name: string;
  /** Where the test reaches it. */
  readonly address: string;
  /** The command, run on this host; with the pid that it would have here. */
  command(direct: readonly string[]): readonly string[];
}

let count = 0;

/** False: the test is marked as skipped, and fails in CI. */
export function canHaveHosts(t: TestContext): boolean {
  if (!hasTool(t, 'ip', 'iproute2')) return false;
  if (process.getuid?.() === 0) return true;
  if (process.env['CI'] === 'true') throw new Error('network namespaces need root');
  t.skip('network namespaces need root');
  return false;
}

export function createHost(t: TestContext): Host {
  count += 1;
  const name = `fc-${process.pid}-${count}`;
  const [ours, theirs] = [`fc${process.pid}-${count}a`, `fc${process.pid}-${count}b`];
  const subnet = subnetOf(process.pid * 8 + count);
  const address = subnet(2);
  ip('netns', 'add', name);
  // Both ends of the link go with the namespace.
  t.after(() => ip('netns', 'delete', name));
  ip('link', 'add', ours, 'type', 'veth', 'peer', 'name', theirs, 'netns', name);
  ip('address', 'add', `${subnet(1)}/30`, 'dev', ours);
  ip('link', 'set', ours, 'up');
  ip('-netns', name, 'address', 'add', `${address}/30`, 'dev', theirs);
  ip('-netns', name, 'link', 'set', theirs, 'up');
  ip('-netns', name, 'link', 'set', 'lo', 'up');
  return { name, address, command: (direct) => ['ip', 'netns', 'exec', name, ...direct] };
}

/** One of the 32,768 subnets of four addresses in 198.18.0.0/15, which RFC 2544 sets aside for tests. */
function subnetOf(number: number): (host: number) => string {
  const first = (number % 32_768) * 4;
  return (host) => `198.${18 + (first >> 16)}.${(first >> 8) & 255}.${(first & 255) + host}`;
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
