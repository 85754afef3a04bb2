// The text of the script that a worker runs before any code of the app.

/**
 * The build (build/bundle-preload.js) puts worker/preload.ts here, with everything it imports; in src it is empty. So the
 * script is in the primary's memory from the start, wherever a bundler puts this package, and outlives its release folder.
 */
export const PRELOAD_SOURCE: string = '';
