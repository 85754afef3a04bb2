// A test that waits for a message, or asserts that none came, means nothing if no code writes that message any more.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { suite, test } from 'node:test';
import { ROOT } from './installed.ts';
import { FIXTURE_MESSAGES, OBSERVED_MESSAGES, PRIMARY_MESSAGES } from './messages.ts';

suite('the messages that tests wait for', () => {
  for (const [source, messages, folder] of [
    ['the package', PRIMARY_MESSAGES, 'src'],
    ['fixtures', FIXTURE_MESSAGES, 'test/fixtures'],
    ['fixtures/observed.js', OBSERVED_MESSAGES, 'test/fixtures'],
  ] as const) {
    test(`${source}: each of them is written`, () => {
      const text = textBelow(path.join(ROOT, folder));
      assert.deepEqual(
        messages.filter((message) => !text.includes(`'${message}'`) && !text.includes(`"${message}"`)),
        [],
      );
    });
  }
});

function textBelow(folder: string): string {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.[jt]s$/.test(file))
    .map((file) => fs.readFileSync(path.join(folder, file), 'utf8'))
    .join('\n');
}
