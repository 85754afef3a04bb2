// The script that a worker runs before anything of the app's, as text.

/**
 * worker/preload.ts with all that it imports, put here by the build (build/bundle-preload.js); in src it is empty. So it is
 * in the primary's memory from its start, wherever a bundler puts this package, and outlives the release that it came with.
 */
export const PRELOAD_SOURCE: string = '';
