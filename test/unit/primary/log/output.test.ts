// The output of the log, to a reader that is slow, stalls or fails: bounded, in order, and every missing line is counted.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Output } from '../../../../src/primary/log/output.ts';

const LINE = `${'x'.repeat(999)}\n`;
const ROOM = Math.floor(2 ** 20 / LINE.length);

suite("the log's output", () => {
  test('writes whole lines, as many as one undivided write takes', async () => {
    const { output, writes } = open();
    const long = `${'y'.repeat(9_999)}\n`;
    for (const line of [LINE, LINE, LINE, LINE, LINE, LINE, long, LINE]) output.write(line);
    await output.flush(1_000);
    // The first line is written at once.
    assert.deepEqual(writes, [LINE, LINE.repeat(4), LINE, long, LINE]);
  });

  test('S83: a reader that stalls gets as many lines as there was room for, and then the number of missing ones', async () => {
    const { output, writes, missing, set } = open('stalls');
    for (let line = 0; line < ROOM + 7; line += 1) output.write(LINE);
    assert.deepEqual(missing, []);
    set('works');
    await output.flush(1_000);
    assert.equal(writes.join(''), `${LINE.repeat(ROOM)}report\n`);
    assert.deepEqual(missing, [7]);
  });

  test('S83: a flush ends at its deadline, even if the reader still stalls', async () => {
    const { output } = open('stalls');
    output.write(LINE);
    await output.flush(10);
  });

  test('S84: lines that cannot be written are counted, and reported after the next line that can be', async () => {
    const { output, writes, missing, set } = open('fails');
    for (let line = 0; line < 3; line += 1) output.write(LINE);
    await output.flush(1_000);
    assert.deepEqual([writes, missing], [[], []]);
    set('works');
    output.write(LINE);
    await output.flush(1_000);
    assert.deepEqual([writes, missing], [[LINE, 'report\n'], [3]]);
  });

  test('S84: a report that cannot be written is repeated, and no line is counted twice', async () => {
    const { output, writes, missing, set } = open('fails');
    output.write(LINE);
    await output.flush(1_000);
    set('works once');
    output.write(LINE);
    await output.flush(1_000);
    assert.deepEqual([writes, missing], [[LINE], [1]]);
    set('works');
    output.write(LINE);
    await output.flush(1_000);
    assert.deepEqual(
      [writes, missing],
      [
        [LINE, LINE, 'report\n'],
        [1, 1],
      ],
    );
  });
});

type Behaviour = 'works' | 'works once' | 'stalls' | 'fails';

/** An output whose sink behaves like this until it is set to behave otherwise. */
function open(first: Behaviour = 'works'): {
  readonly output: Output;
  readonly writes: readonly string[];
  readonly missing: readonly number[];
  set(behaviour: Behaviour): void;
} {
  const writes: string[] = [];
  const missing: number[] = [];
  let current = first;
  let resume = (): void => undefined;
  const resumed = new Promise<void>((resolve) => {
    resume = resolve;
  });
  const writeReport = (lines: number): void => {
    missing.push(lines);
    output.write('report\n');
  };
  const output = new Output(writeReport, async (bytes) => {
    if (current === 'stalls') await resumed;
    if (current === 'fails') throw new Error('no space left');
    if (current === 'works once') current = 'fails';
    writes.push(bytes.toString());
  });
  return {
    output,
    writes,
    missing,
    set(behaviour) {
      current = behaviour;
      resume();
    },
  };
}
