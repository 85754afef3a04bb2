// Lines on their way to a reader that is slow, stalls or is broken: bounded, in order, and none is missing unsaid.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Output } from '../../../../src/primary/log/output.ts';

const LINE = `${'x'.repeat(999)}\n`;
const ROOM = Math.floor(2 ** 20 / LINE.length);

suite("the log's output", () => {
  test('writes whole lines, as many as one write takes that nothing can tear', async () => {
    const { output, writes } = open();
    const long = `${'y'.repeat(9_999)}\n`;
    for (const line of [LINE, LINE, LINE, LINE, LINE, LINE, long, LINE]) output.write(line);
    await output.flush(1_000);
    // The first one goes at once.
    assert.deepEqual(writes, [LINE, LINE.repeat(4), LINE, long, LINE]);
  });

  test('S83: a reader that stalls gets what there was room for, and then how many are missing', async () => {
    const { output, writes, missing, set } = open('stalls');
    for (let line = 0; line < ROOM + 7; line += 1) output.write(LINE);
    assert.deepEqual(missing, []);
    set('works');
    await output.flush(1_000);
    assert.equal(writes.join(''), `${LINE.repeat(ROOM)}told\n`);
    assert.deepEqual(missing, [7]);
  });

  test('S83: nobody waits for a reader that stalls for longer than the deadline', async () => {
    const { output } = open('stalls');
    output.write(LINE);
    await output.flush(10);
  });

  test('S84: what cannot be written is counted, and told once something can be', async () => {
    const { output, writes, missing, set } = open('fails');
    for (let line = 0; line < 3; line += 1) output.write(LINE);
    await output.flush(1_000);
    assert.deepEqual([writes, missing], [[], []]);
    set('works');
    output.write(LINE);
    await output.flush(1_000);
    assert.deepEqual([writes, missing], [[LINE, 'told\n'], [3]]);
  });

  test('S84: if that line cannot be written, it is told again, and nothing is counted twice', async () => {
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
        [LINE, LINE, 'told\n'],
        [1, 1],
      ],
    );
  });
});

type Behaviour = 'works' | 'works once' | 'stalls' | 'fails';

/** A sink that does that, until it is set to do something else. */
function open(first: Behaviour = 'works'): {
  readonly output: Output;
  readonly writes: readonly string[];
  readonly missing: readonly number[];
  set(behaviour: Behaviour): void;
} {
  const writes: string[] = [];
  const missing: number[] = [];
  let does = first;
  let goOn = (): void => undefined;
  const gone = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const tell = (lines: number): void => {
    missing.push(lines);
    output.write('told\n');
  };
  const output = new Output(tell, async (bytes) => {
    if (does === 'stalls') await gone;
    if (does === 'fails') throw new Error('no space left');
    if (does === 'works once') does = 'fails';
    writes.push(bytes.toString());
  });
  return {
    output,
    writes,
    missing,
    set(behaviour) {
      does = behaviour;
      goOn();
    },
  };
}
