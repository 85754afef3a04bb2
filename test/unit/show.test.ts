// Any value in a few words, whatever it is.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { inspect } from 'node:util';
import { cut, show } from '../../src/show.ts';

const explode = (): never => {
  throw new Error('this must not get out');
};

suite('show', () => {
  test('it prints a value as Node does, without nested values', () => {
    assert.equal(show('text'), "'text'");
    assert.equal(show({ a: { b: 1 } }), '{ a: [Object] }');
  });

  test('a value that throws when it is printed is named, or shown as the caller wants', () => {
    assert.equal(show({ [inspect.custom]: explode }), '[object that cannot be shown]');
    assert.equal(
      show({ [inspect.custom]: explode }, 100, () => 'the fallback'),
      'the fallback',
    );
  });

  test('what is too long is cut, and says how much is missing', () => {
    assert.match(show('x'.repeat(10_000), 100), /^'x{50}[^]*more characters$/);
    assert.equal(cut('12345', 5), '12345');
    assert.equal(cut('123456', 5), '12345... 1 more characters');
  });

  test('an object with thousands of properties is only named', () => {
    const wide = Object.fromEntries(Array.from({ length: 1_001 }, (_, index) => [`key${index}`, index]));
    assert.equal(show(wide), '[Object]');
  });

  test('a proxy that throws is shown, too', () => {
    assert.match(show(new Proxy({}, { ownKeys: explode })), /./);
  });
});
