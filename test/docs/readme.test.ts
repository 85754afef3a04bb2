// The quick start of the README, done as a reader would do it, over the built package.
import assert from 'node:assert/strict';
import path from 'node:path';
import { suite, test } from 'node:test';
import { readPage } from './markdown.ts';
import { createProject } from './project.ts';
import { walk } from './walk.ts';

suite('README', () => {
  test('the quick start: starts, serves, rolls over, aborts a broken release, and stops', async (t) => {
    const folder = createProject(t);
    const blocks = readPage('README.md').blocks.filter(({ language }) => language !== 'ts');
    const service = await walk(t, blocks, { folder, main: path.join(folder, 'main.js') });
    assert.equal(await service.stop(), 0);
  });
});
