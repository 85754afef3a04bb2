// Files for systemd and containers are read by small parsers: neither is at hand where these tests run.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { PAGES, attribute, place, readPage } from './markdown.ts';
import type { Block } from './markdown.ts';

/** What units on the pages may say: https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html */
const DIRECTIVES: Readonly<Record<string, readonly string[]>> = {
  Unit: ['Description', 'After', 'Wants', 'Requires', 'Documentation'],
  Service: [
    'Type',
    'ExecStart',
    'ExecReload',
    'WorkingDirectory',
    'User',
    'Environment',
    'EnvironmentFile',
    'KillMode',
    'TimeoutStopSec',
    'Restart',
    'RestartSec',
  ],
  Install: ['WantedBy'],
};

/** https://docs.docker.com/reference/dockerfile/ */
const INSTRUCTIONS = ['FROM', 'WORKDIR', 'COPY', 'RUN', 'ENV', 'USER', 'EXPOSE', 'CMD'];

const BLOCKS = PAGES.flatMap((name) => readPage(name).blocks);

function blocksOf(system: string): readonly Block[] {
  const blocks = BLOCKS.filter((block) => attribute(block, 'system') === system);
  assert.ok(blocks.length > 0);
  return blocks;
}

suite('system', () => {
  test('units of systemd have known sections and directives, and start Node by absolute paths', () => {
    for (const block of blocksOf('systemd')) {
      const unit = parseUnit(block);
      assert.match(unit.get('Service.ExecStart') ?? '', /^\/\S+\/node \/\S+\.js$/, place(block));
      assert.match(unit.get('Service.ExecReload') ?? '', /^\/bin\/kill -USR2 \$MAINPID$/);
      // The other modes signal the workers as well, which asks each of them to be replaced.
      assert.equal(unit.get('Service.KillMode'), 'mixed');
      // Above the defaults of shutdown.graceMs and closeMs, 9 s together.
      assert.ok(Number(unit.get('Service.TimeoutStopSec')) > 9);
    }
  });

  test('Dockerfiles have known instructions, listen on every address, and start node itself', () => {
    for (const block of blocksOf('container')) {
      const lines = block.text.split('\n').map((line) => line.split(/ (.*)/s));
      assert.deepEqual(
        lines.map(([instruction = '']) => instruction).filter((each) => !INSTRUCTIONS.includes(each)),
        [],
        place(block),
      );
      assert.equal(lines[0]?.[0], 'FROM');
      const [instruction, command = ''] = lines.at(-1) ?? [];
      assert.equal(instruction, 'CMD');
      assert.deepEqual(JSON.parse(command)[0], 'node');
      assert.match(block.text, /^ENV .*FASTIFY_ADDRESS=0\.0\.0\.0/m);
    }
  });
});

/** By `Section.Directive`. */
function parseUnit(block: Block): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  let section = '';
  for (const line of block.text.split('\n').filter((each) => each !== '')) {
    const opened = /^\[(\w+)\]$/.exec(line)?.[1];
    if (opened !== undefined) {
      assert.ok(opened in DIRECTIVES, `${place(block)}: [${opened}]`);
      section = opened;
      continue;
    }
    const [, directive = '', value = ''] =
      /^(\w+)=(.+)$/.exec(line) ?? assert.fail(`${place(block)}: ${line}`);
    assert.ok(DIRECTIVES[section]?.includes(directive), `${place(block)}: ${directive} in [${section}]`);
    values.set(`${section}.${directive}`, value);
  }
  return values;
}
