// The messages that tests wait for, in one place: a wait for any other does not compile.

/** What the primary logs. These messages are constant and public. */
export const PRIMARY_MESSAGES = [
  'about to stop',
  'all workers ready',
  'broadcasts dropped',
  'an event listener failed',
  'forced to stop',
  'fork failed',
  'leader elected',
  'leader stepped down',
  'link moved, followed in part',
  'link moved, not followed',
  'log lines missing',
  'port in use, waiting',
  'release gone, resolved again',
  'respawn at the slowest pace',
  'respawn delayed',
  'rollout aborted',
  'rollout completed',
  'rollout not started',
  'rollout started',
  'size changed',
  'sockets bound',
  'stopped',
  'stopping',
  'uncaught error in the primary',
  'worker crashed',
  'worker disconnected',
  'worker draining',
  'worker exited',
  'worker failing',
  'worker forked',
  'worker killed',
  'worker ready',
] as const;

/** What fixtures print, as a line of JSON each. */
export const FIXTURE_MESSAGES = [
  'accepted',
  'blocked',
  'blocking',
  'born',
  'building',
  'hanging',
  'heard',
  'importing',
  'late onDrain ran',
  'leading',
  'led',
  'onClose ran',
  'onDrain ran',
  'preClose ran',
  'requested',
  'signal aborted',
  'two leaders',
  'uncaught',
] as const;

/** What fixtures/observed.js sends over the channel to the test: the events of the primary, and its exit. */
export const OBSERVED_MESSAGES = [
  'exit',
  'rollout-completed',
  'worker-draining',
  'worker-exited',
  'worker-ready',
] as const;

export type Message =
  (typeof PRIMARY_MESSAGES)[number] | (typeof FIXTURE_MESSAGES)[number] | (typeof OBSERVED_MESSAGES)[number];
