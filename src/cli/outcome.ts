// How a request ended: what is printed, and the exit code.
import type { Command } from './arguments.ts';
import type { Outcome } from './client.ts';
import { fields, printed, shown, worker } from './progress.ts';

export interface Ending {
  readonly exitCode: 0 | 1;
  /** For stdout, without the end of the line. */
  readonly out: string;
  /** For stderr. Empty: nothing is wrong. */
  readonly err: string;
}

export function endingOf({ command }: Command, outcome: Outcome): Ending {
  switch (outcome.type) {
    case 'unreachable':
      return failed(outcome.why);
    case 'error':
      return failed(`${shown(outcome.code)}: ${outcome.message}`);
    case 'result':
      return resultOf(command, fields(outcome.result));
  }
}

type Result = Readonly<Record<string, unknown>>;

function resultOf(command: Command['command'], result: Result): Ending {
  switch (command) {
    case 'status':
      return done(statusText(result));
    case 'restart':
      return rolloutEnding(result);
    case 'scale':
      return done(`size changed from ${shown(result['from'])} to ${shown(result['to'])}`);
    case 'stop':
      return result['exitCode'] === 0
        ? done('stopped')
        : failed(`stopped, but not cleanly: ${shown(result['reason'])}`);
  }
}

function rolloutEnding(result: Result): Ending {
  const { outcome, generation, reason, error, by } = result;
  if (outcome === 'completed') return done(`rollout of generation ${shown(generation)} completed`);
  if (outcome === 'superseded') {
    return failed(
      `rollout of generation ${shown(generation)} superseded by generation ${shown(by)}, whose outcome counts`,
    );
  }
  const what =
    generation === null ? 'rollout not started' : `rollout of generation ${shown(generation)} aborted`;
  const who = result['worker'] ? `, ${worker(result)}` : '';
  return failed(`${what}: ${shown(reason)}${who}${error ? `\n${printed(error)}` : ''}`);
}

/** A table for people. Programs take `--json`. */
function statusText(status: Result): string {
  const { pid, phase, size, addresses, rolling, workers, lastRollout } = status;
  const [target, stable] = [fields(status['target']), fields(status['stable'])];
  return [
    `pid ${shown(pid)}, ${shown(phase)}, size ${shown(size)}`,
    ...(Array.isArray(addresses) && addresses.length > 0
      ? [`listens on ${addresses.map(address).join(', ')}`]
      : []),
    `generation ${shown(stable['id'])}: ${shown(stable['entry'])}`,
    ...(rolling === true ? [`rolling out generation ${shown(target['id'])}: ${shown(target['entry'])}`] : []),
    ...(lastRollout ? [`last rollout: ${rolloutText(fields(lastRollout))}`] : []),
    ...(Array.isArray(workers) ? workers.map((each) => workerText(fields(each))) : []),
  ].join('\n');
}

function rolloutText(rollout: Result): string {
  const { exitCode, out, err } = rolloutEnding(rollout);
  return exitCode === 0 ? out : (err.split('\n')[0] ?? '');
}

function workerText({ slot, pid, state, generation, leader }: Result): string {
  const isLeader = leader === true ? ', leader' : '';
  return `  slot ${shown(slot)}: pid ${shown(pid)}, ${shown(state)}, generation ${shown(generation)}${isLeader}`;
}

function address(value: unknown): string {
  const { host, port, ...others } = fields(value);
  return host === undefined
    ? Object.values(others).map(shown).join(' ')
    : `${shown(host)} port ${shown(port)}`;
}

function done(out: string): Ending {
  return { exitCode: 0, out, err: '' };
}

function failed(err: string): Ending {
  return { exitCode: 1, out: '', err };
}
