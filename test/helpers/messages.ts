// The messages that tests wait for, in one place: a wait for any other does not compile.

/** What the primary logs. These messages are constant and public. */
type PrimaryMessage =
  | 'about to stop'
  | 'all workers ready'
  | 'an event listener failed'
  | 'forced to stop'
  | 'fork failed'
  | 'link moved, followed in part'
  | 'link moved, not followed'
  | 'log lines missing'
  | 'release gone, resolved anew'
  | 'respawn at the slowest pace'
  | 'respawn delayed'
  | 'rollout aborted'
  | 'rollout completed'
  | 'rollout not started'
  | 'rollout started'
  | 'size changed'
  | 'sockets bound'
  | 'stopped'
  | 'stopping'
  | 'uncaught error in the primary'
  | 'worker crashed'
  | 'worker disconnected'
  | 'worker draining'
  | 'worker exited'
  | 'worker failing'
  | 'worker forked'
  | 'worker killed'
  | 'worker ready';

/** What fixtures print, as a line of JSON each. */
type FixtureMessage =
  | 'accepted'
  | 'blocking'
  | 'born'
  | 'building'
  | 'hanging'
  | 'importing'
  | 'late onDrain ran'
  | 'onClose ran'
  | 'onDrain ran'
  | 'preClose ran'
  | 'requested'
  | 'signal aborted'
  | 'uncaught';

/** What fixtures/observed.js sends over the channel to the test: the events of the primary, and its exit. */
type ObservedMessage = 'exit' | 'rollout-completed' | 'worker-draining' | 'worker-exited' | 'worker-ready';

export type Message = PrimaryMessage | FixtureMessage | ObservedMessage;
