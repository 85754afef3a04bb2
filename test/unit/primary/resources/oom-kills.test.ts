// An exit by SIGKILL is the kernel's if its counter was raised, and only then.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { OomKills } from '../../../../src/primary/resources/oom-kills.ts';
import { readerOf } from './trees.ts';

const V2 = { version: 2, directories: ['/cg/app', '/cg'] } as const;
const V1 = { version: 1, directories: ['/cg/app', '/cg'] } as const;

function counting(kills: number): string {
  return `low 0\nhigh 12\nmax 40\noom 3\noom_kill ${kills}\noom_group_kill 0\n`;
}

/** A counter that a test raises. */
function fake(file = '/cg/app/memory.events', cgroup: typeof V1 | typeof V2 = V2) {
  const files: Record<string, string> = { [file]: counting(7) };
  const kills = new OomKills(cgroup, readerOf(files));
  return { kills, setTo: (count: number) => void (files[file] = counting(count)) };
}

suite('the kernel’s kills for lack of memory', () => {
  test('S54: raised: it was the kernel; each kill explains one exit', () => {
    const { kills, setTo } = fake();
    assert.equal(kills.take(0), false);
    setTo(8);
    assert.deepEqual([kills.take(1), kills.take(1)], [true, false]);
    setTo(10);
    assert.deepEqual([kills.take(2), kills.take(2), kills.take(2)], [true, true, false]);
  });

  test('S54: a look between the kill and the exit takes nothing away', () => {
    const { kills, setTo } = fake();
    setTo(8);
    kills.look(100);
    kills.look(600);
    assert.equal(kills.take(700), true);
  });

  test('the kill of another process of the cgroup, long ago, explains no exit', () => {
    const { kills, setTo } = fake();
    setTo(8);
    kills.look(0);
    kills.look(60_000);
    assert.equal(kills.take(60_000), false);
  });

  test('what was counted before the start is nothing to us, nor is a counter that goes back', () => {
    const { kills, setTo } = fake();
    setTo(2);
    assert.equal(kills.take(0), false);
    setTo(3);
    assert.equal(kills.take(1), true);
  });

  test('S54: of version 2 the events of the cgroup itself come first', () => {
    const files: Record<string, string> = {
      '/cg/app/memory.events.local': counting(0),
      '/cg/app/memory.events': counting(0),
    };
    const kills = new OomKills(V2, readerOf(files));
    files['/cg/app/memory.events'] = counting(5);
    assert.equal(kills.take(0), false);
    files['/cg/app/memory.events.local'] = counting(1);
    assert.equal(kills.take(1), true);
  });

  test('S54: version 1 has its counter in memory.oom_control', () => {
    const { kills, setTo } = fake('/cg/app/memory.oom_control', V1);
    setTo(8);
    assert.equal(kills.take(0), true);
  });

  test('S54: where the cgroup itself cannot be seen, the one above it counts', () => {
    const { kills, setTo } = fake('/cg/memory.events');
    setTo(8);
    assert.equal(kills.take(0), true);
  });

  test('without a cgroup, or without a counter, nothing is claimed', () => {
    assert.equal(new OomKills(undefined, readerOf({})).take(0), false);
    // Before Linux 4.13.
    const old = readerOf({ '/cg/app/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\n' });
    assert.equal(new OomKills(V1, old).take(0), false);
  });
});
