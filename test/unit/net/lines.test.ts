import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { LineTooLongError, Lines } from '../../../src/net/lines.ts';

suite('lines', () => {
  test('pieces of any size, in the middle of a character too -> whole lines, without their ends', () => {
    const bytes = Buffer.from('one\nzwölf\r\n\nlast');
    for (let size = 1; size <= bytes.length; size += 1) {
      const lines = new Lines(10);
      const got: string[] = [];
      for (let at = 0; at < bytes.length; at += size) got.push(...lines.push(bytes.subarray(at, at + size)));
      assert.deepEqual(got, ['one', 'zwölf', '']);
      assert.equal(lines.rest(), 'last');
      assert.equal(lines.rest(), '');
    }
  });

  test('a line may be as long as is allowed, and no longer, with its end or without', () => {
    assert.deepEqual([...new Lines(3).push(Buffer.from('abc\nabc\n'))], ['abc', 'abc']);
    assert.throws(() => [...new Lines(3).push(Buffer.from('abcd\n'))], LineTooLongError);
    const lines = new Lines(3);
    assert.deepEqual([...lines.push(Buffer.from('abc'))], []);
    assert.throws(() => [...lines.push(Buffer.from('d'))], LineTooLongError);
  });
});
