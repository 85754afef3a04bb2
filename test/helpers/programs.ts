// Client programs that run again and again, several at a time: load of real clients.
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { text } from 'node:stream/consumers';

/** What one run of a program, or all of them, got. */
export interface Tally {
  readonly answered: number;
  /** By the client's own account, for whatever reason. */
  readonly failed: number;
}

export interface Programs {
  /** Resolves when so many runs more have ended. */
  more(runs: number): Promise<void>;
  /** What all runs together got. The last ones end by themselves. */
  stop(): Promise<Tally>;
}

/** @param read what a run has printed */
export function keepRunning(
  parallel: number,
  command: readonly string[],
  read: (output: string) => Tally,
): Programs {
  const [program = '', ...args] = command;
  const progress = new EventEmitter();
  let total: Tally = { answered: 0, failed: 0 };
  const state = { runs: 0, isOver: false };
  const loop = async (): Promise<void> => {
    while (!state.isOver) {
      const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
      const { answered, failed } = read(await text(child.stdout));
      total = { answered: total.answered + answered, failed: total.failed + failed };
      state.runs += 1;
      progress.emit('run');
    }
  };
  const all = Promise.all(Array.from({ length: parallel }, loop));
  return {
    async more(count) {
      const enough = state.runs + count;
      while (state.runs < enough) await Promise.race([once(progress, 'run'), all]);
    },
    async stop() {
      state.isOver = true;
      await all;
      return total;
    },
  };
}
