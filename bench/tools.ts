// The load generators, which come as Debian packages.
import { spawnSync } from 'node:child_process';

const PACKAGES = { wrk: 'wrk', ab: 'apache2-utils', h2load: 'nghttp2-client' } as const;

export type Tool = keyof typeof PACKAGES;

/** Why a measure that needs the tool cannot be made. Undefined: the tool is there. */
export function missing(tool: Tool): string | undefined {
  if (spawnSync('which', [tool]).status === 0) return undefined;
  return `${tool} is missing (Debian package ${PACKAGES[tool]})`;
}
