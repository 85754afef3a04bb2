// Lines on their way to a reader that is slow, stalls or is broken: bounded, in order, and none is missing unsaid.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Output } from '../../../src/primary/log/output.ts';

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
    const { output, writes, dropped, go } = open('stalls');
    for (let line = 0; line < ROOM + 7; line += 1) output.write(LINE);
    assert.deepEqual(dropped, []);
    go();
    await output.flush(1_000);
    assert.equal(writes.join(''), LINE.repeat(ROOM));
    assert.deepEqual(dropped, [7]);
  });

  test('S83: nobody waits for a reader that stalls for longer than the deadline', async () => {
    const { output } = open('stalls');
    output.write(LINE);
    await output.flush(10);
  });

  test('S84: what cannot be written is counted, and told once something can be', async () => {
    const { output, writes, dropped, go } = open('fails');
    for (let line = 0; line < 3; line += 1) output.write(LINE);
    await output.flush(1_000);
    assert.deepEqual([writes, dropped], [[], []]);
    go();
    output.write(LINE);
    await output.flush(1_000);
    assert.deepEqual([writes, dropped], [[LINE], [3]]);
  });
});

/** A sink that works, or stalls or fails until it may `go`. */
function open(does: 'works' | 'stalls' | 'fails' = 'works'): {
  readonly output: Output;
  readonly writes: readonly string[];
  readonly dropped: readonly number[];
  go(): void;
} {
  const writes: string[] = [];
  const dropped: number[] = [];
  let isBroken = does === 'fails';
  let go = (): void => {
    isBroken = false;
  };
  const gone =
    does === 'stalls'
      ? new Promise<void>((resolve) => {
          go = resolve;
        })
      : Promise.resolve();
  const output = new Output({ dropped: (lines) => void dropped.push(lines) }, async (bytes) => {
    await gone;
    if (isBroken) throw new Error('no space left');
    writes.push(bytes.toString());
  });
  return { output, writes, dropped, go: () => go() };
}
