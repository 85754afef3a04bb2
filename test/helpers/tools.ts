// System packages that a test drives: if one is missing, the test is skipped with its name, and fails in CI.
import { spawnSync } from 'node:child_process';
import process from 'node:process';

interface TestContext {
  skip(message: string): void;
}

/** False: the tool is missing, and the test is marked as skipped. */
export function hasTool(t: TestContext, tool: string, debianPackage: string): boolean {
  if (spawnSync('which', [tool]).status === 0) return true;
  const message = `${tool} is missing (Debian package ${debianPackage}); test/system/setup installs it`;
  if (process.env['CI'] === 'true') throw new Error(message);
  t.skip(message);
  return false;
}
