// Everything that the soak does to a service, as data. The plan draws it; perform.ts carries it out.

/** How a release fails; its workers never become available. */
export type Fault = 'throws' | 'rejects' | 'hangs' | 'exits';

export type Trouble =
  /** `victim`, from 0 up to but not including 1, chooses among the workers that are ready then. */
  | { readonly type: 'kill-workers'; readonly count: 1 | 2 | 'all'; readonly victim: number }
  | { readonly type: 'segfault'; readonly victim: number }
  /** Stopped for that long, then continued. */
  | { readonly type: 'pause-worker'; readonly ms: number; readonly victim: number }
  /** Stopped and never continued: the primary has to kill it. */
  | { readonly type: 'stop-worker'; readonly victim: number }
  /** SIGTERM to a worker. */
  | { readonly type: 'recycle'; readonly victim: number }
  /** A request on a fresh connection makes a worker end. The kernel chooses which. */
  | { readonly type: 'ask-to-end'; readonly how: 'throw' | 'reject' | 'exit?code=0' | 'exit?code=1' }
  | { readonly type: 'exhaust-memory' }
  /** SIGUSR2, that many times. */
  | { readonly type: 'restart'; readonly times: number; readonly apartMs: number }
  | { readonly type: 'deploy' }
  /** A release that fails, and when its rollout has been aborted one that works. */
  | { readonly type: 'deploy-broken'; readonly fault: Fault }
  | { readonly type: 'resize'; readonly by: 1 | -1 }
  /** Stopped for longer than `watchdog.timeoutMs`. */
  | { readonly type: 'pause-primary'; readonly ms: number }
  /** For that long the log of the primary is not read, or its disk is full. */
  | { readonly type: 'break-log'; readonly ms: number }
  /** Deletes every release that is neither running nor behind the link. */
  | { readonly type: 'prune-releases' }
  /** `atRest`: after all other troubles have ended, so that the primary can be audited before. */
  | { readonly type: 'kill-primary'; readonly atRest: boolean };

/** The name that a trouble is counted by. */
export function nameOf(trouble: Trouble): string {
  switch (trouble.type) {
    case 'kill-workers':
      return `SIGKILL of ${trouble.count === 'all' ? 'all workers' : `${trouble.count} worker(s)`}`;
    case 'segfault':
      return 'SIGSEGV of a worker';
    case 'pause-worker':
      return 'worker stopped and continued';
    case 'stop-worker':
      return 'worker stopped and never continued';
    case 'recycle':
      return 'SIGTERM to a worker';
    case 'ask-to-end':
      return `in a worker: ${trouble.how}`;
    case 'exhaust-memory':
      return 'in a worker: out of memory';
    case 'restart':
      return trouble.times === 1 ? 'SIGUSR2' : 'burst of SIGUSR2';
    case 'deploy':
      return 'release that works';
    case 'deploy-broken':
      return `release that ${trouble.fault}, then one that works`;
    case 'resize':
      return trouble.by === 1 ? 'SIGTTIN' : 'SIGTTOU';
    case 'pause-primary':
      return 'primary stopped and continued';
    case 'break-log':
      return 'log that is not read, or cannot be written';
    case 'prune-releases':
      return 'releases pruned';
    case 'kill-primary':
      return trouble.atRest ? 'SIGKILL of the primary at rest' : 'SIGKILL of the primary';
  }
}
