// Counts how often code is run, function by function and branch by branch, as V8 counts it for coverage: what something
// costs, independent of the machine and of what else it does.
import { Session } from 'node:inspector';
import type { Profiler } from 'node:inspector';
import v8 from 'node:v8';

// Optimized code does not count. This holds for the whole process, so it is for test files that do nothing else.
v8.setFlagsFromString('--no-opt');
v8.setFlagsFromString('--no-maglev');

/** So many executions in the files whose address contains that. */
export function executionsIn(part: string, run: () => void): number {
  const session = new Session();
  session.connect();
  try {
    session.post('Profiler.enable');
    session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    run();
    return taken(session)
      .filter(({ url }) => url.includes(part))
      .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges.map(({ count }) => count)))
      .reduce((total, count) => total + count, 0);
  } finally {
    session.post('Profiler.stopPreciseCoverage');
    session.disconnect();
  }
}

/** The inspector of one's own process answers at once. */
function taken(session: Session): readonly Profiler.ScriptCoverage[] {
  let scripts: readonly Profiler.ScriptCoverage[] = [];
  session.post('Profiler.takePreciseCoverage', (error, { result }) => {
    if (error !== null) throw error;
    scripts = result;
  });
  return scripts;
}
