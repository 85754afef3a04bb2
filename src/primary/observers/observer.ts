// A part of the primary that is told what the fleet announces: the log, the events, the results of rollouts.
import type { Announcement } from '../../fleet/command.ts';

export interface Observer {
  /** Called after every command of the same step is carried out. Must not throw: other observers come after it. */
  hear(announcement: Announcement): void;
}
