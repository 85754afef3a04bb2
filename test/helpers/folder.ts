// A folder of a test's own, with a short path: that of a Unix socket has room for 107 bytes.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export function temporaryFolder(t: { after(hook: () => void): void }): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sockets-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}
