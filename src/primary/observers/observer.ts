// The interface of what hears the announcements of the fleet: the log, the results of rollouts, the events.
import type { Announcement } from '../../fleet/command.ts';

export interface Observer {
  /** Called after every command of the same step is carried out. Must not throw: other observers come after it. */
  hear(announcement: Announcement): void;
}
