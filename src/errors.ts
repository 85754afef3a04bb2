// Every error of this package: a code to match on, and a message that says what the reader can change.
import { createError } from '@fastify/error';

/** An option has a value that it cannot have. */
export const OptionInvalidError = createError<[option: string, came: string, allowed: string]>(
  'FST_CLUSTERED_OPTION_INVALID',
  '%s is %s; allowed: %s',
);

/** An option of that name does not exist. */
export const OptionUnknownError = createError<[option: string, known: string]>(
  'FST_CLUSTERED_OPTION_UNKNOWN',
  'there is no option %s; there are: %s',
);

/** startClustered was called a second time in this process. */
export const AlreadyStartedError = createError(
  'FST_CLUSTERED_ALREADY_STARTED',
  'startClustered was already called in this process; one process serves one app, so call it once',
);

/** startClustered was called in a thread, where there are no signals, no cluster and no exit code. */
export const WorkerThreadError = createError(
  'FST_CLUSTERED_WORKER_THREAD',
  'startClustered was called in a worker_thread; call it in the main thread of the entry file',
);

/** startClustered was called in a process that somebody else forked with node:cluster. */
export const ForeignWorkerError = createError(
  'FST_CLUSTERED_FOREIGN_WORKER',
  'startClustered was called in a cluster worker that another supervisor forked; start the entry file with plain node, or pass workers: 0 to serve from this process alone',
);

/** The platform cannot pass a listening socket to another process. */
export const PlatformError = createError<[platform: string]>(
  'FST_CLUSTERED_PLATFORM',
  'on %s a listening socket cannot be handed to worker processes; pass workers: 0 to serve from this process alone',
);

/** It is not known which file the workers are to run. */
export const NoEntryError = createError(
  'FST_CLUSTERED_NO_ENTRY',
  'there is no entry file to run in the workers (node was started with -e, or without a file); pass the option entry',
);

/** The entry file or the working directory is not there. */
export const ReleaseNotFoundError = createError<[path: string, options?: ErrorOptions]>(
  'FST_CLUSTERED_RELEASE_NOT_FOUND',
  'the release cannot be started: %s does not exist; the options entry and cwd say where it is looked for',
);

/** The address cannot be listened on; `cause` is the system's error. */
export const ListenError = createError<[address: string, why: string, options?: ErrorOptions]>(
  'FST_CLUSTERED_LISTEN_FAILED',
  'cannot listen on %s: %s',
);

/** The first workers did not come up; `cause` is the worker's own error. */
export const BootFailedError = createError<[why: string, options?: ErrorOptions]>(
  'FST_CLUSTERED_BOOT_FAILED',
  'the service did not start: %s',
);

/** Every slot reached respawn.maxEarlyExits and no worker was ready; `cause` is the last worker's own error. */
export const GaveUpError = createError<[why: string, options?: ErrorOptions]>(
  'FST_CLUSTERED_GAVE_UP',
  'gave up, since every worker keeps dying early and none is ready: %s',
);

/** The fleet was stopped while something was still awaited of it. */
export const StoppedError = createError<[what: string]>(
  'FST_CLUSTERED_STOPPED',
  'the service was stopped before %s',
);

/** The worker and the primary run versions of this package that do not understand each other. */
export const ProtocolError = createError<[worker: string, primary: string]>(
  'FST_CLUSTERED_PROTOCOL',
  'the release brings a version of fastify-clustered that speaks protocol %s, the running primary speaks %s; restart the service as a whole',
);

/** buildApp did not return a Fastify instance. */
export const NotAnAppError = createError<[came: string]>(
  'FST_CLUSTERED_NOT_AN_APP',
  'buildApp must return a Fastify instance (or a promise of one), it returned %s',
);

/** buildApp returned an app that already listens. */
export const AppListensError = createError(
  'FST_CLUSTERED_APP_LISTENS',
  'buildApp returned an app that already listens; remove its app.listen(), fastify-clustered listens for it',
);

/** buildApp threw something that is no Error; `cause` is what it threw. */
export const NotAnErrorError = createError<[thrown: string, options?: ErrorOptions]>(
  'FST_CLUSTERED_NOT_AN_ERROR',
  'something that is no Error was thrown: %s',
);

/** The app has a decorator named "clustered" that is not this plugin's. */
export const DecoratorTakenError = createError(
  'FST_CLUSTERED_DECORATOR_TAKEN',
  'the app already has a decorator named "clustered" that belongs to something else; rename it, or do not register fastify-clustered',
);

/** There is only this process, so nothing can be rolled. */
export const SingleError = createError(
  'FST_CLUSTERED_SINGLE',
  'this process serves alone (workers: 0, or the plugin without startClustered), so it cannot be rolled; restart it',
);

/** The primary is gone or going, so the worker's question has no answer. */
export const PrimaryGoneError = createError(
  'FST_CLUSTERED_PRIMARY_GONE',
  'the primary cannot be asked any more',
);
