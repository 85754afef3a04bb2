// A machine with a real systemd as PID 1: systemd-nspawn over an overlay of this machine's root, which stays as it is. Its network
// is this machine's, so tests reach the service over loopback.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { ROOT, installBuilt } from './installed.ts';
import { hasTool } from './tools.ts';

interface TestContext {
  after(hook: () => void | Promise<void>): void;
  skip(message: string): void;
}

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface MachineOptions {
  /** Of the service. The port is chosen by the test. */
  readonly options?: object;
  /** Lines of a drop-in for hello.service, section [Service]. */
  readonly service?: readonly string[];
  /** Also hello.socket, with a drop-in that has the port instead, and these lines. */
  readonly socket?: readonly string[];
}

/** Null: it cannot be had here, and the test is marked as skipped, or fails in CI. */
export async function bootMachine(t: TestContext, options: MachineOptions = {}): Promise<Machine | null> {
  if (!hasTool(t, 'systemd-nspawn', 'systemd-container')) return null;
  if (process.getuid?.() !== 0) {
    const message = 'only root may boot a machine';
    if (process.env['CI'] === 'true') throw new Error(message);
    t.skip(message);
    return null;
  }
  const machine = new Machine(options, await freePort());
  t.after(() => machine.destroy());
  await machine.boot();
  return machine;
}

/** Of cgroup v2, beside v1 or alone; and v1's own of systemd. */
const HIERARCHIES = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup/systemd', '/sys/fs/cgroup'];

const UNITS = path.join(ROOT, 'deploy/systemd');

/** How long a boot of it may take, and any command, in ms. */
const COMMAND_MS = 120_000;

export class Machine {
  readonly port: number;
  readonly #folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-')));
  readonly #service: string;
  readonly #output: string[] = [];
  readonly #name: string;
  #nspawn: ChildProcess | undefined;
  #init = 0;

  constructor({ options = {}, service = [], socket }: MachineOptions, port: number) {
    this.port = port;
    this.#name = `fastify-clustered-${port}`;
    // What the dynamic user of the service has to reach.
    fs.chmodSync(this.#folder, 0o755);
    this.#service = path.join(this.#folder, 'srv');
    const etc = path.join(this.#folder, 'units/etc/systemd/system');
    fs.mkdirSync(path.join(etc, 'hello.service.d'), { recursive: true });
    fs.copyFileSync(path.join(UNITS, 'hello.service'), path.join(etc, 'hello.service'));
    const lines = [
      `Environment=PORT=${port} FASTIFY_ADDRESS=127.0.0.1`,
      // A word with quotes in it is quoted itself.
      `Environment='OPTIONS=${JSON.stringify(options)}'`,
    ];
    fs.writeFileSync(
      path.join(etc, 'hello.service.d/test.conf'),
      ['[Service]', ...lines, ...service, ''].join('\n'),
    );
    if (socket !== undefined) {
      fs.mkdirSync(path.join(etc, 'hello.socket.d'));
      fs.copyFileSync(path.join(UNITS, 'hello.socket'), path.join(etc, 'hello.socket'));
      // An empty value takes back what the unit says.
      fs.writeFileSync(
        path.join(etc, 'hello.socket.d/test.conf'),
        ['[Socket]', 'ListenStream=', `ListenStream=127.0.0.1:${port}`, ...socket, ''].join('\n'),
      );
    }
    // Nothing of what this machine has enabled.
    fs.writeFileSync(
      path.join(etc, 'test.target'),
      '[Unit]\nRequires=sysinit.target\nAfter=sysinit.target\nAllowIsolate=yes\n',
    );
    this.deploy(1);
  }

  /** A release that works, or whose workers run this code before they build the app. */
  deploy(release: number, inBuild = ''): void {
    const folder = path.join(this.#service, `releases/${release}`);
    installBuilt(folder);
    fs.writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
    fs.writeFileSync(path.join(folder, 'main.js'), mainOf(release, inBuild));
    const link = path.join(this.#service, 'current');
    fs.symlinkSync(`releases/${release}`, `${link}.new`);
    fs.renameSync(`${link}.new`, link);
  }

  async boot(): Promise<void> {
    const [units, overlay] = [path.join(this.#folder, 'units'), path.join(this.#folder, 'overlay')];
    fs.mkdirSync(overlay);
    const node = fs.realpathSync(process.execPath);
    const script = `
      set -e
      mount -t tmpfs tmpfs ${overlay}
      mkdir ${overlay}/upper ${overlay}/work ${overlay}/root
      mount -t overlay overlay -o lowerdir=/,upperdir=${overlay}/upper,workdir=${overlay}/work ${overlay}/root
      cp -r ${units}/. ${overlay}/root
      mkdir -p ${overlay}/root/srv/hello
      [ -e ${overlay}/root/usr/bin/node ] || ln -s ${node} ${overlay}/root/usr/bin/node
      # A cgroup of its own: nspawn makes others in it.
      for hierarchy in ${HIERARCHIES.join(' ')}; do
        [ -e $hierarchy/cgroup.procs ] || continue
        mkdir $hierarchy/${this.#name}
        echo $$ >$hierarchy/${this.#name}/cgroup.procs
      done
      exec systemd-nspawn --quiet --register=no --keep-unit --directory=${overlay}/root --bind=${this.#service}:/srv/hello \
        --machine=${this.#name} --console=pipe --boot -- --unit=test.target
    `;
    // Of its own: what is mounted is gone with its last process.
    this.#nspawn = spawn('unshare', ['--mount', '--propagation', 'private', 'bash', '-c', script], {
      env: { ...process.env, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    for (const stream of [this.#nspawn.stdout, this.#nspawn.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => this.#output.push(text));
    }
    const begun = performance.now();
    while (!(await this.#isUp())) {
      assert.equal(this.#nspawn.exitCode, null, this.#output.join(''));
      assert.ok(performance.now() - begun < COMMAND_MS, this.#output.join(''));
      await setTimeout(100);
    }
  }

  /** Runs a command in it. */
  async run(...command: readonly string[]): Promise<Ran> {
    const child = spawn('nsenter', ['--target', String(this.#init), '--all', '--wd=/', '--', ...command], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: COMMAND_MS,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    });
    const texts: [string[], string[]] = [[], []];
    child.stdout.setEncoding('utf8').on('data', (text: string) => texts[0].push(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => texts[1].push(text));
    const [code]: [number | null] = (await once(child, 'close')) as [number | null];
    return { code, out: texts[0].join(''), err: texts[1].join('') };
  }

  /** @throws it fails */
  async mustRun(...command: readonly string[]): Promise<string> {
    const { code, out, err } = await this.run(...command);
    assert.equal(code, 0, `${command.join(' ')}\n${out}${err}\n${await this.journal()}`);
    return out.trim();
  }

  /** A property of the unit, such as ActiveState. */
  async property(name: string, unit = 'hello.service'): Promise<string> {
    return this.mustRun('systemctl', 'show', '--value', '--property', name, unit);
  }

  /** Resolves when a property of the unit fits. */
  async until(name: string, fits: (value: string) => boolean): Promise<string> {
    const begun = performance.now();
    for (;;) {
      const value = await this.property(name);
      if (fits(value)) return value;
      assert.ok(performance.now() - begun < COMMAND_MS, `${name} is ${value}\n${await this.journal()}`);
      await setTimeout(50);
    }
  }

  /** Of this machine, not of its own. */
  async mainPid(): Promise<number> {
    return this.hostPid(Number(await this.property('MainPID')));
  }

  /** The pid that a process of it has here. */
  hostPid(pid: number): number {
    const found = fs.readdirSync('/proc').find((name) => {
      if (!/^\d+$/.test(name)) return false;
      const pids = namespacePids(name);
      return pids.length > 1 && pids.at(-1) === pid && isIn(name, this.#init);
    });
    assert.ok(found !== undefined, `no process ${pid}`);
    return Number(found);
  }

  /** The lines of the unit, as the journal has them. */
  async entries(): Promise<readonly Readonly<Record<string, string>>[]> {
    const { out } = await this.run('journalctl', '--unit=hello.service', '--output=json', '--no-pager');
    return out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  }

  async journal(): Promise<string> {
    return (await this.run('journalctl', '--no-pager', '--unit=hello.service', '--unit=hello.socket')).out;
  }

  async destroy(): Promise<void> {
    const nspawn = this.#nspawn;
    if (nspawn !== undefined && nspawn.exitCode === null && nspawn.signalCode === null) {
      const ended = once(nspawn, 'exit');
      // With PID 1 of a namespace every process in it is killed.
      if (this.#init !== 0) process.kill(this.#init, 'SIGKILL');
      else nspawn.kill('SIGKILL');
      await ended;
    }
    for (const hierarchy of HIERARCHIES) removeGroups(path.join(hierarchy, this.#name));
    fs.rmSync(this.#folder, { recursive: true, force: true });
  }

  async #isUp(): Promise<boolean> {
    this.#init =
      descendants(this.#nspawn?.pid ?? 0).find((pid) => namespacePids(String(pid)).at(-1) === 1) ?? 0;
    if (this.#init === 0) return false;
    return (await this.run('systemctl', 'is-active', 'test.target')).out.trim() === 'active';
  }
}

function descendants(pid: number): readonly number[] {
  const file = `/proc/${pid}/task/${pid}/children`;
  const children = readOr(file, '').trim().split(' ').filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

/** Outermost first. */
function namespacePids(pid: string): readonly number[] {
  const [, pids = ''] = /^NSpid:\s+(.+)$/m.exec(readOr(`/proc/${pid}/status`, '')) ?? [];
  return pids.split(/\s+/).map(Number);
}

function isIn(pid: string, init: number): boolean {
  try {
    return fs.readlinkSync(`/proc/${pid}/ns/pid`) === fs.readlinkSync(`/proc/${init}/ns/pid`);
  } catch {
    return false;
  }
}

/** Empty ones: no process is left. */
function removeGroups(group: string): void {
  if (!fs.existsSync(group)) return;
  for (const entry of fs.readdirSync(group, { withFileTypes: true })) {
    if (entry.isDirectory()) removeGroups(path.join(group, entry.name));
  }
  fs.rmdirSync(group);
}

function readOr(file: string, otherwise: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return otherwise;
  }
}

/** Undefined where systemd-analyze is missing. */
export function exposure(unit: string): number | undefined {
  const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=yes', path.join(UNITS, unit)], {
    encoding: 'utf8',
  });
  const [, level] = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout ?? '') ?? [];
  return level === undefined ? undefined : Number(level);
}

/** An entry file as an operator has it; GET / names the release and the worker. */
function mainOf(release: number, inBuild: string): string {
  return `
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { startClustered } from 'fastify-clustered';

await startClustered(async (worker) => {
  const { default: Fastify } = await import('fastify');
  ${inBuild}
  const app = Fastify();
  app.get('/', async () => ({ release: ${release}, pid: process.pid, notify: process.env.NOTIFY_SOCKET ?? null }));
  app.get('/slow', async ({ query }) => {
    await setTimeout(Number(query.ms));
    return { release: ${release} };
  });
  app.post('/say', async ({ query }) => {
    process.stdout.write(query.line + '\\n');
    return {};
  });
  return app;
}, { workers: 2, ...JSON.parse(process.env.OPTIONS) });
`;
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  server.close();
  await once(server, 'close');
  return address.port;
}
