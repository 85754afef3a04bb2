import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import { isJournal, withPriority } from '../../../../src/primary/log/journal.ts';

suite('the journal', () => {
  for (const [level, line] of [
    [10, '<7>{}\n'],
    [20, '<7>{}\n'],
    [30, '<6>{}\n'],
    [35, '<6>{}\n'],
    [40, '<4>{}\n'],
    [50, '<3>{}\n'],
    [60, '<2>{}\n'],
  ] as const) {
    test(`level ${level} -> ${line.trim()}`, () => {
      assert.equal(withPriority('{}\n', level), line);
    });
  }

  test('JOURNAL_STREAM counts only where it names this very stream', () => {
    const fd = fs.openSync('/dev/null', 'w');
    const { dev, ino } = fs.fstatSync(fd);
    assert.equal(isJournal(fd, `${dev}:${ino}`), true);
    for (const other of [undefined, '', `${dev}:${ino}0`, `${ino}:${dev}`, 'x']) {
      assert.equal(isJournal(fd, other), false, String(other));
    }
    fs.closeSync(fd);
    assert.equal(isJournal(fd, `${dev}:${ino}`), false);
  });

  test('the log of the primary has priorities in the journal, and nowhere else', (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-'));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    const file = path.join(folder, 'out');
    const url = new URL('../../../../src/primary/log/logger.ts', import.meta.url).href;
    const program = `const { createLog } = await import(${JSON.stringify(url)});
      const log = await createLog({ level: 'debug', base: null, timestamp: false });
      log.debug({}, 'd'); log.info({}, 'i'); log.warn({}, 'w'); log.error({}, 'e');
      await log.flush();`;
    const linesWith = (stream: (stats: fs.Stats) => string): readonly string[] => {
      const fd = fs.openSync(file, 'w');
      const env = { ...process.env, JOURNAL_STREAM: stream(fs.fstatSync(fd)) };
      const args = ['--import', 'tsx', '--input-type=module', '--eval', program];
      const { status, stderr } = spawnSync(process.execPath, args, { env, stdio: ['ignore', fd, 'pipe'] });
      assert.equal(status, 0, String(stderr));
      fs.closeSync(fd);
      return fs.readFileSync(file, 'utf8').trim().split('\n');
    };
    const plain = linesWith(() => '1:1');
    assert.deepEqual(
      plain.map((line) => JSON.parse(line).msg),
      ['d', 'i', 'w', 'e'],
    );
    assert.deepEqual(
      linesWith(({ dev, ino }) => `${dev}:${ino}`),
      plain.map((line, index) => `<${[7, 6, 4, 3][index]}>${line}`),
    );
  });
});
