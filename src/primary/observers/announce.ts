// Passes on what a step announced: all of it to one observer, then all of it to the next one.
import type { Announcement, Command } from '../../fleet/command.ts';
import type { PidOf } from './details.ts';
import type { Observer } from './observer.ts';

export function announce(commands: readonly Command[], observers: readonly Observer[], pidOf: PidOf): void {
  const announcements = commands
    .flatMap((command) => (command.type === 'announce' ? [command.announcement] : []))
    .filter((announcement) => !isFailedFork(announcement, pidOf));
  for (const observer of observers) {
    for (const announcement of announcements) observer.hear(announcement);
  }
}

/** A fork that failed at once is announced as `fork-failed` in a moment, and as nothing else. */
function isFailedFork(announcement: Announcement, pidOf: PidOf): boolean {
  return announcement.type === 'worker-forked' && pidOf(announcement.worker.id) === null;
}
