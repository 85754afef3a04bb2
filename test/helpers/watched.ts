// Does a tool watch a file? As the kernel knows it, so that no change is made before the watcher would notice it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { membersOf } from './process-group.ts';

const LOOK_MS = 20;
const PATIENCE_MS = 40_000;

/** Resolves when a process of the group has asked the kernel for changes of the file, or of its folder. */
export async function watched(group: number, file: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!membersOf(group).some((pid) => isWatchedBy(pid, file))) {
    assert.ok(Date.now() < deadline, `nobody watches ${file}`);
    await setTimeout(LOOK_MS);
  }
}

/** https://man7.org/linux/man-pages/man5/proc_pid_fdinfo.5.html */
function isWatchedBy(pid: number, file: string): boolean {
  const inodes = new Set([file, path.dirname(file)].map((place) => fs.statSync(place).ino.toString(16)));
  return descriptorsOf(pid).some((info) =>
    [...info.matchAll(/^inotify .*\bino:([0-9a-f]+)/gm)].some(([, ino = '']) => inodes.has(ino)),
  );
}

/** Processes and their descriptors come and go. */
function descriptorsOf(pid: number): readonly string[] {
  const folder = `/proc/${pid}/fdinfo`;
  return unlessGone(() => fs.readdirSync(folder), []).map((name) =>
    unlessGone(() => fs.readFileSync(path.join(folder, name), 'utf8'), ''),
  );
}

function unlessGone<Value>(read: () => Value, otherwise: Value): Value {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
