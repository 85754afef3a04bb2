// Tells `node --watch` which files the workers have loaded, so that it restarts the service when one of them changes.
import process from 'node:process';

/** https://github.com/nodejs/node/blob/main/lib/internal/watch_mode/files_watcher.js */
const KINDS = ['watch:import', 'watch:require'];

/**
 * `node --watch` sets WATCH_REPORT_DEPENDENCIES for the process that it starts, and workers inherit it. Node's loaders then
 * report each file to the parent, by IPC. The parent of a worker is the primary, which hands on what is meant for its own.
 * @param message from a worker, and none of ours
 */
export function tellWatcher(message: unknown): void {
  if (process.send === undefined || !process.connected) return;
  for (const kind of KINDS) {
    const files: unknown = Reflect.get(Object(message), kind);
    if (Array.isArray(files)) process.send({ [kind]: files }, undefined, undefined, () => undefined);
  }
}
