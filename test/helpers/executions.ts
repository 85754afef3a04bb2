// Counts how often code runs, function by function and branch by branch, as V8 counts for coverage: a measure of cost
// that does not depend on the machine or its load.
import { Session } from 'node:inspector';
import type { Profiler } from 'node:inspector';
import v8 from 'node:v8';

// V8 does not count in optimized code. The flags hold for the whole process, so only test files without other tests use this.
v8.setFlagsFromString('--no-opt');
v8.setFlagsFromString('--no-maglev');

/** The number of executions in files whose URL contains `part`. */
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

/** The inspector of the same process answers synchronously. */
function taken(session: Session): readonly Profiler.ScriptCoverage[] {
  let scripts: readonly Profiler.ScriptCoverage[] = [];
  session.post('Profiler.takePreciseCoverage', (error, { result }) => {
    if (error !== null) throw error;
    scripts = result;
  });
  return scripts;
}
