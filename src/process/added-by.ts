// Finds out which code adds an exit handler, by the stack of the call.

/** Deep enough for wrappers around process.on(). */
const MAX_FRAMES = 32;

const EVENTS = 'node:events';

/**
 * While the event 'newListener' is emitted: who adds the listener, as file and line. Null: Node itself does, as `node:domain`
 * does. Undefined: the stack does not tell.
 */
export function addedBy(): string | null | undefined {
  const sites = callSites(addedBy);
  const adding = sites.findLastIndex(
    (site) => site.getFunctionName() === '_addListener' && site.getFileName() === EVENTS,
  );
  return adding === -1 ? undefined : firstIn(sites.slice(adding));
}

/** Who called that function. */
export function callerOf(called: (...args: never[]) => unknown): string | null | undefined {
  return firstIn(callSites(called));
}

function firstIn(sites: readonly NodeJS.CallSite[]): string | null | undefined {
  for (const site of sites) {
    const file = site.getFileName();
    // Built-in functions of the language have none.
    if (typeof file !== 'string' || file === '' || file === EVENTS) continue;
    return file.startsWith('node:') ? null : `${file.replace(/^\w+:\/\//, '')}:${site.getLineNumber()}`;
  }
  return undefined;
}

/** Whatever else formats stacks, such as source maps, formats no text here. */
function callSites(above: (...args: never[]) => unknown): readonly NodeJS.CallSite[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = MAX_FRAMES;
    Error.prepareStackTrace = (_error, sites) => sites;
    const holder: { readonly stack?: unknown } = {};
    Error.captureStackTrace(holder, above);
    return Array.isArray(holder.stack) ? holder.stack : [];
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    // Undefined, as it mostly is, tells Node to format them itself.
    Error.prepareStackTrace = prepareStackTrace;
  }
}
