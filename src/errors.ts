// Every error of this package: a code to match on, and a message that says what you can change.
import { createError } from '@fastify/error';

/** An option, an environment variable or an argument has a value that is not allowed. */
export const OptionInvalidError = createError<[option: string, came: string, allowed: string]>(
  'FST_CLUSTERED_OPTION_INVALID',
  '%s is %s; allowed: %s',
);

/** There is no option of that name. */
export const OptionUnknownError = createError<[option: string, hint: string, known: string]>(
  'FST_CLUSTERED_OPTION_UNKNOWN',
  'there is no option %s%s; the options are: %s',
);

/** startClustered was called a second time in this process. */
export const AlreadyStartedError = createError(
  'FST_CLUSTERED_ALREADY_STARTED',
  'startClustered was already called in this process; call it once, since one process serves one app',
);

/** startClustered was called in a worker thread, which has neither signals, nor node:cluster, nor an exit code. */
export const WorkerThreadError = createError(
  'FST_CLUSTERED_WORKER_THREAD',
  'startClustered was called in a worker_thread; call it in the main thread of the entry file',
);

/** startClustered was called in a process that another supervisor forked with node:cluster. */
export const ForeignWorkerError = createError(
  'FST_CLUSTERED_FOREIGN_WORKER',
  'startClustered was called in a cluster worker that another supervisor forked; start the entry file with plain node, or pass workers: 0 to serve from one process',
);

/** The program is a single executable application, which can start nothing but itself, and without options of Node. */
export const SingleExecutableError = createError(
  'FST_CLUSTERED_SINGLE_EXECUTABLE',
  'a single executable application cannot start worker processes: it ignores the options of Node that they need; pass workers: 0 to serve from one process, or run the bundle with node',
);

/** Node was started without a file, and there is no option `entry`, so the workers have nothing to run. */
export const NoEntryError = createError(
  'FST_CLUSTERED_NO_ENTRY',
  'there is no entry file for the workers to run (node was started with -e, with stdin, or without a file); pass the option entry',
);

/** The entry file or the working directory does not exist. */
export const ReleaseNotFoundError = createError<[path: string, options?: ErrorOptions]>(
  'FST_CLUSTERED_RELEASE_NOT_FOUND',
  'the release cannot be started: %s does not exist; check the options entry and cwd, and the links in their paths',
);

/** The primary cannot listen on the address; `cause` is the system's error. */
export const ListenError = createError<[address: string, why: string, options?: ErrorOptions]>(
  'FST_CLUSTERED_LISTEN_FAILED',
  'cannot listen on %s: %s',
);

/** A worker failed before any was ready; `cause` is that worker's own error. */
export const BootFailedError = createError<[why: string, options?: ErrorOptions]>(
  'FST_CLUSTERED_BOOT_FAILED',
  'the service did not start: %s',
);

/** Every slot reached respawn.maxEarlyExits, and no worker was ready; `cause` is the last worker's own error. */
export const GaveUpError = createError<[why: string, options?: ErrorOptions]>(
  'FST_CLUSTERED_GAVE_UP',
  'gave up, because workers keep exiting early and none is ready: %s',
);

/** The fleet was stopped before something that was waited for had happened. */
export const StoppedError = createError<[what: string]>(
  'FST_CLUSTERED_STOPPED',
  'the service was stopped before %s',
);

/** The worker and the primary run incompatible versions of this package. */
export const ProtocolError = createError<[worker: string, primary: string]>(
  'FST_CLUSTERED_PROTOCOL',
  'the release has a version of fastify-clustered that speaks protocol %s, but the running primary speaks protocol %s; restart the service as a whole',
);

/** buildApp did not return a Fastify instance. */
export const NotAnAppError = createError<[came: string]>(
  'FST_CLUSTERED_NOT_AN_APP',
  'buildApp must return a Fastify instance (or a promise of one), but it returned %s',
);

/** buildApp calls app.listen(); `cause` is the error of that call, if it failed because the port is in use. */
export const AppListensError = createError<[options?: ErrorOptions]>(
  'FST_CLUSTERED_APP_LISTENS',
  'the app already listens; remove its app.listen() call: buildApp returns the app, and fastify-clustered listens for it',
);

/** buildApp threw something that is not an Error; `cause` is what it threw. */
export const NotAnErrorError = createError<[thrown: string, options?: ErrorOptions]>(
  'FST_CLUSTERED_NOT_AN_ERROR',
  'something that is not an Error was thrown: %s',
);

/** The app has a decorator named "clustered" that this plugin did not add. */
export const DecoratorTakenError = createError(
  'FST_CLUSTERED_DECORATOR_TAKEN',
  'the app already has a decorator named "clustered" that fastify-clustered did not add; rename it, or do not register fastify-clustered',
);

/** The data of a broadcast is too large: it would pass through the memory of the primary, once for each worker. */
export const BroadcastTooLargeError = createError<[bytes: string, max: string]>(
  'FST_CLUSTERED_BROADCAST_TOO_LARGE',
  'the data of a broadcast has %s bytes as JSON; allowed: at most %s; keep large data in a store, and broadcast where it is',
);

/** A line that came over the control socket is no request. */
export const ControlRequestError = createError<[why: string]>(
  'FST_CLUSTERED_CONTROL_REQUEST',
  'the control socket cannot read this request: %s',
);

/** There is only this process, which can be neither rolled nor scaled. */
export const SingleError = createError(
  'FST_CLUSTERED_SINGLE',
  'this process has no workers (workers: 0, or the plugin without startClustered), so it can be neither rolled nor scaled; restart the process',
);

/** The primary has exited, or is about to, so it does not answer the worker's request. */
export const PrimaryGoneError = createError(
  'FST_CLUSTERED_PRIMARY_GONE',
  'the primary has exited, or is about to, so it cannot answer',
);
