// Which moved links are worth a warning: those that led to this release, and that the rollout did not follow.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite, test } from 'node:test';
import { LinkWatch } from '../../../../src/primary/releases/link-watch.ts';
import { linksOn } from '../../../../src/primary/releases/links.ts';
import { pin } from '../../../../src/primary/releases/release.ts';

/** Links and their targets, all below one folder; `moved` has the new targets of those that a deploy moves. */
interface Case {
  readonly title: string;
  readonly entry: string;
  readonly cwd: string;
  readonly links: Readonly<Record<string, string>>;
  readonly moved: Readonly<Record<string, string>>;
  readonly missed: string | null;
}

const RELEASE = { entry: 'releases/1/dist/main.js', cwd: 'releases/1' };
const THROUGH = { entry: 'current/dist/main.js', cwd: 'current' };

const CASES: readonly Case[] = [
  {
    title: 'a link beside the folder of the releases',
    ...RELEASE,
    links: { current: 'releases/1' },
    moved: { current: 'releases/2' },
    missed: 'current',
  },
  {
    title: 'a link beside the release',
    ...RELEASE,
    links: { 'releases/latest': 'releases/1' },
    moved: { 'releases/latest': 'releases/2' },
    missed: 'releases/latest',
  },
  {
    title: 'a link beside the release, to a folder in it',
    ...RELEASE,
    links: { 'releases/code': 'releases/1/dist' },
    moved: { 'releases/code': 'releases/2/dist' },
    missed: 'releases/code',
  },
  {
    title: 'a link that leads through another one',
    ...RELEASE,
    links: { live: 'current', current: 'releases/1' },
    moved: { current: 'releases/2' },
    missed: 'current',
  },
  {
    title: 'a link that was not moved',
    ...RELEASE,
    links: { current: 'releases/1' },
    moved: {},
    missed: null,
  },
  {
    title: 'a link that led to another release, such as the previous one',
    ...RELEASE,
    links: { previous: 'releases/2' },
    moved: { previous: 'releases/3' },
    missed: null,
  },
  {
    title: 'a link that leads nowhere now',
    ...RELEASE,
    links: { current: 'releases/1' },
    moved: { current: 'releases/gone' },
    missed: null,
  },
  {
    title: 'a link that led to the folder that it is in',
    ...RELEASE,
    links: { 'releases/all': 'releases' },
    moved: { 'releases/all': '.' },
    missed: null,
  },
  {
    title: 'a link that the rollout followed',
    ...THROUGH,
    links: { current: 'releases/1' },
    moved: { current: 'releases/2' },
    missed: null,
  },
  {
    title: 'a link beside one that the rollout follows',
    ...THROUGH,
    links: { current: 'releases/1', stable: 'releases/1' },
    moved: { stable: 'releases/2' },
    missed: null,
  },
  {
    title: 'entry and working directory through two links, of which one was moved',
    entry: 'current/dist/main.js',
    cwd: 'stable',
    links: { current: 'releases/1', stable: 'releases/1' },
    moved: { current: 'releases/2' },
    missed: 'current in part',
  },
  {
    title: 'the link to the release, while a link above the folder of the releases stays',
    entry: 'releases/1/dist/main.js',
    cwd: 'app/releases/1',
    links: { app: '.', current: 'releases/1' },
    moved: { current: 'releases/2' },
    missed: 'current',
  },
];

suite('link watch', () => {
  for (const { title, entry, cwd, links, moved, missed } of CASES) {
    test(`S86: ${title}: ${missed === null ? 'no warning' : 'a warning'}`, (t) => {
      const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-')));
      t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
      for (const release of ['1', '2', '3']) {
        fs.mkdirSync(path.join(folder, 'releases', release, 'dist'), { recursive: true });
        fs.writeFileSync(path.join(folder, 'releases', release, 'dist', 'main.js'), '');
      }
      const place = (all: Case['links']): void => {
        for (const [name, target] of Object.entries(all)) {
          fs.rmSync(path.join(folder, name), { force: true });
          fs.symlinkSync(path.join(folder, target), path.join(folder, name));
        }
      };
      place(links);
      const named = { entry: path.join(folder, entry), cwd: path.join(folder, cwd) };
      const logical = { ...named, links: [...linksOn(named.entry), ...linksOn(named.cwd)] };
      const watch = new LinkWatch(logical, pin(logical));
      place(moved);
      const found = watch.missed(pin(logical));
      const warning = found && `${path.relative(folder, found.link)}${found.isInPart ? ' in part' : ''}`;
      assert.equal(warning ?? null, missed);
    });
  }
});
