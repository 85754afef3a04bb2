// The order in which observers hear what a step announced.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Announcement, Command } from '../../../../src/fleet/command.ts';
import { announce } from '../../../../src/primary/observers/announce.ts';
import type { Observer } from '../../../../src/primary/observers/observer.ts';
import { BOOTING, READY, pidOf } from './announcements.ts';

suite('announce', () => {
  test('an observer hears all announcements, and nothing else, before the next observer hears any', () => {
    const heard = announced([
      announcing({ type: 'worker-ready', worker: READY, bootMs: 1 }),
      { type: 'kill', worker: 7 },
      announcing({ type: 'size-changed', from: 1, to: 2 }),
    ]);
    assert.deepEqual(heard, [
      'first: worker-ready',
      'first: size-changed',
      'second: worker-ready',
      'second: size-changed',
    ]);
  });

  test('a fork that failed at once is not announced as a fork', () => {
    const fork = announcing({ type: 'worker-forked', worker: BOOTING });
    const failed = announcing({ type: 'worker-forked', worker: { ...BOOTING, id: 8 } });
    assert.deepEqual(announced([failed, fork]), ['first: worker-forked', 'second: worker-forked']);
  });
});

function announcing(announcement: Announcement): Command {
  return { type: 'announce', announcement };
}

function announced(commands: readonly Command[]): readonly string[] {
  const heard: string[] = [];
  const observer = (name: string): Observer => ({
    hear({ type }) {
      heard.push(`${name}: ${type}`);
    },
  });
  announce(commands, [observer('first'), observer('second')], pidOf);
  return heard;
}
