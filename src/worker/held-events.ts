// The signals that a worker keeps from its app: all that may reach it with its group. Only the primary acts on them.
import type { HeldEvents } from '../process/exit-handlers.ts';

export const HELD_EVENTS: HeldEvents = {
  signals: ['SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGTERM'],
  signalsIfEnding: [],
};
