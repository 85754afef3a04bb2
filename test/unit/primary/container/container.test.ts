// Containers: which process is the main program, and which zombies nobody reaps. The processes are invented.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite, test } from 'node:test';
import { areLoopback } from '../../../../src/primary/container/container-log.ts';
import { mainProgram } from '../../../../src/primary/container/main-program.ts';
import { linuxProc } from '../../../../src/primary/container/proc.ts';
import type { Proc, ProcessInfo } from '../../../../src/primary/container/proc.ts';
import { Zombies } from '../../../../src/primary/container/zombies.ts';
import { tcp } from '../../../../src/net/endpoint.ts';

suite('containers', () => {
  /** The commands from PID 1 to the parent of this process. */
  for (const [above, by] of [
    [[], 'itself'],
    [[['/sbin/docker-init', '--', 'node', 'main.js']], 'init'],
    [[['/usr/bin/tini', '--', 'node', 'main.js']], 'init'],
    [[['npm start']], 'wrapper'],
    [[['node', '/usr/local/bin/npm', 'start']], 'wrapper'],
    [[['npm start'], ['sh', '-c', 'node main.js']], 'wrapper'],
    [[['/bin/sh', '-c', 'node main.js']], 'wrapper'],
    [[['/bin/bash', '-ec', 'node main.js']], 'wrapper'],
    [[['/bin/sh', '/entrypoint.sh']], 'wrapper'],
    [[['node', '--run', 'start']], 'wrapper'],
    [[['tini', '--', 'npm', 'start'], ['npm start']], 'wrapper'],
    [[['bash']], null],
    [[['-bash']], null],
    [[['/bin/bash', '-l']], null],
    [[['/lib/systemd/systemd', '--system']], null],
    [[['/lib/systemd/systemd'], ['npm start']], null],
    [[['node', 'supervisor.js']], null],
    [[['tini'], ['node', 'supervisor.js']], null],
    [[[]], null],
  ] as const) {
    test(`S80: ${JSON.stringify(above)} -> ${by ?? 'no main program of a container'}`, () => {
      assert.equal(mainProgram(below(above))?.by ?? null, by);
    });
  }

  test('S80: a wrapper is named by its command', () => {
    const found = mainProgram(below([['npm start'], ['sh', '-c', 'node main.js']]));
    assert.deepEqual(found, { by: 'wrapper', command: 'npm start' });
  });

  test('S80: only loopback addresses count as unreachable', () => {
    const are = (...hosts: string[]): boolean => areLoopback(hosts.map((host) => tcp({ host, port: 1 })));
    assert.ok(are('127.0.0.1'));
    assert.ok(are('127.0.0.1', '::1'));
    assert.ok(!are('127.0.0.1', '10.0.0.1'));
    assert.ok(!are('0.0.0.0'));
    assert.ok(!are('::'));
  });

  test('S80: zombies that are ours, and still there a second later', () => {
    const processes: ProcessInfo[] = [
      { pid: 1, parent: 0, name: 'node', isZombie: false },
      { pid: 7, parent: 1, name: 'convert', isZombie: true },
      { pid: 8, parent: 1, name: 'node', isZombie: false },
      { pid: 9, parent: 8, name: 'theirs', isZombie: true },
    ];
    let now = 0;
    const zombies = new Zombies({ ...below([]), all: () => processes }, () => now);
    assert.deepEqual(zombies.look(), []);
    now = 999;
    assert.deepEqual(zombies.look(), []);
    processes.push({ pid: 10, parent: 1, name: 'late', isZombie: true });
    now = 1_500;
    assert.deepEqual(zombies.look(), [{ pid: 7, name: 'convert' }]);
    processes.splice(1, 1);
    assert.deepEqual(zombies.look(), []);
  });

  test('S80: what Linux tells is understood, also of names with blanks and parentheses', (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'proc-'));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    for (const [pid, stat] of [
      ['1', '1 (node) S 0 1 1 0 -1'],
      ['12', '12 (a) Z (b) Z 1 1 1 0 -1'],
      ['13', ''],
    ] as const) {
      fs.mkdirSync(path.join(folder, pid));
      fs.writeFileSync(path.join(folder, pid, 'stat'), stat);
    }
    fs.mkdirSync(path.join(folder, 'sys'));
    fs.writeFileSync(path.join(folder, '1', 'cmdline'), 'node\0main.js\0');
    const proc = linuxProc(folder, { pid: 12, ppid: 1 });
    assert.deepEqual(proc.commandLine(1), ['node', 'main.js']);
    assert.deepEqual(
      proc.all().toSorted((one, other) => one.pid - other.pid),
      [
        { pid: 1, parent: 0, name: 'node', isZombie: false },
        { pid: 12, parent: 1, name: 'a) Z (b', isZombie: true },
      ],
    );
    assert.deepEqual(linuxProc('/nowhere').all(), []);
    assert.equal(mainProgram(linuxProc('/nowhere', { pid: 12, ppid: 1 })), null);
  });
});

function below(above: readonly (readonly string[])[]): Proc {
  const pid = above.length + 1;
  return {
    pid,
    parent: pid - 1,
    all: () => [],
    info: (of) => ({ pid: of, parent: of - 1, name: '', isZombie: false }),
    commandLine: (of) => above[of - 1] ?? [],
  };
}
