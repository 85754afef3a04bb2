// Whatever is thrown becomes bounded data that says what it was, as far as that can be known; and this never throws.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { inspect } from 'node:util';
import vm from 'node:vm';
import { pino } from 'pino';
import { MAX_MESSAGE, isError } from '../../../src/protocol/error-fields.ts';
import { fromErrorInfo, parseErrorInfo, toErrorInfo } from '../../../src/protocol/error-info.ts';
import { MAX_STACK } from '../../../src/protocol/print-error.ts';

/** The length of the note that says how much was cut. */
const MARK = 40;

const explode = (): never => {
  throw new Error('this must not get out');
};

const hostileTraps: ProxyHandler<Error> = {
  get: explode,
  has: explode,
  ownKeys: explode,
  getPrototypeOf: explode,
  getOwnPropertyDescriptor: explode,
};

function revoked(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

const made = (changes: object): Error => Object.assign(new Error('broken'), changes);
const getting = (...keys: readonly string[]): Error => {
  const error = new Error('broken');
  // Node makes the stack when it is first read, and reads name and message for it.
  assert.ok(error.stack);
  const getters = keys.map((key) => [key, { get: explode, enumerable: true }]);
  return Object.defineProperties(error, Object.fromEntries(getters));
};

/** What is thrown, and what its data has to say. */
const HOSTILE: Readonly<Record<string, readonly [thrown: unknown, said: RegExp]>> = {
  'a message that is no string': [made({ message: { reason: 'broken' } }), /reason: 'broken'/],
  'a message that is a symbol': [made({ message: Symbol('broken') }), /Symbol\(broken\)/],
  'a message that is a number': [made({ message: 42 }), /42/],
  'a name that is no string': [made({ name: 42 }), /broken/],
  'a name that is a symbol': [made({ name: Symbol('s') }), /broken/],
  'a stack that is no string': [made({ stack: { frames: [] } }), /Error: broken/],
  'a code that is a symbol': [made({ code: Symbol('E_CODE') }), /Symbol\(E_CODE\)/],
  'a code that throws when it is made a string': [made({ code: { toString: explode } }), /broken/],
  'getters that throw': [getting('name', 'message', 'stack', 'code', 'cause', 'errors', 'other'), /Error/],
  'a toString that throws': [made({ toString: explode, toJSON: explode }), /broken/],
  'a custom inspect that throws': [made({ [inspect.custom]: explode }), /broken/],
  'a property whose custom inspect throws': [made({ pool: { [inspect.custom]: explode } }), /broken/],
  'a proxy with throwing traps': [new Proxy(new Error('broken'), hostileTraps), /./],
  'a revoked proxy': [revoked(new Error('broken')), /Revoked/],
  'a cause that is a revoked proxy': [
    new Error('broken', { cause: revoked({}) }),
    /broken[^]*\[cause\]: .*Revoked/,
  ],
  'errors that are a revoked proxy': [made({ errors: revoked([]) }), /broken/],
  'an object whose toString throws': [{ toString: explode, why: 'broken' }, /broken/],
  'an object without a prototype': [Object.assign(Object.create(null), { why: 'broken' }), /broken/],
  undefined: [undefined, /undefined/],
  null: [null, /null/],
  'a string': ['broken', /broken/],
  'a symbol': [Symbol('broken'), /broken/],
  'a function': [function broken() {}, /broken/],
  'an error of another realm': [vm.runInNewContext('new TypeError("broken")'), /TypeError: broken/],
};

suite('an error as data', () => {
  for (const [what, [thrown, said]] of Object.entries(HOSTILE)) {
    test(`S91: ${what}`, () => {
      const info = toErrorInfo(thrown);
      assertBounded(info);
      assert.match(`${info.message} ${info.code} ${info.stack}`, said);
      // As the other process receives it.
      const received = parseErrorInfo(JSON.parse(JSON.stringify(info)));
      assert.deepEqual(received, info);
      assert.equal(fromErrorInfo(received).message, info.message);
    });
  }

  test('what is too long is cut, says by how much, and keeps its frames and causes', () => {
    const info = toErrorInfo(new RangeError('m'.repeat(60_000_000), { cause: new Error('the reason') }));
    assertBounded(info);
    assert.match(info.message, new RegExp(`^m{${MAX_MESSAGE}}\\.\\.\\. ${60_000_000 - MAX_MESSAGE} more`));
    assert.match(
      info.stack ?? '',
      /more characters\n {4}at [^]*error-info\.test[^]*\[cause\]: Error: the reason/,
    );
  });

  test('60 MB in a stack, a name, a code or a property', () => {
    const long = 'x'.repeat(60_000_000);
    for (const key of ['stack', 'name', 'code', 'body', long.slice(0, 1_000_000)]) {
      const info = toErrorInfo(made({ [key]: long }));
      assertBounded(info);
      const said = `${info.name} ${info.code} ${info.stack} ${JSON.stringify(info.properties)}`;
      assert.match(said, /more characters/, key.slice(0, 10));
    }
  });

  test('a million lines, 100,000 properties, a million elements', () => {
    const million = Array.from({ length: 1_000_000 }, (_, index) => index);
    const wide = Object.fromEntries(million.slice(0, 100_000).map((index) => [`key${index}`, index]));
    for (const thrown of [
      new Error('\n'.repeat(1_000_000)),
      made(wide),
      made({ wide, million }),
      wide,
      million,
    ]) {
      assertBounded(toErrorInfo(thrown));
    }
    const { properties } = toErrorInfo(made(wide));
    assert.match(JSON.stringify(properties), /^\{"key0":0,.*"99984 more properties"\}$/);
  });

  test('deep and cyclic causes come to an end', () => {
    let deep = new Error('level 0');
    for (let level = 1; level <= 100_000; level += 1) deep = new Error(`level ${level}`, { cause: deep });
    const info = toErrorInfo(deep);
    assertBounded(info);
    assert.match(info.stack ?? '', /level 100000[^]*\[cause\]: Error: level 99999/);
    const cyclic = new Error('cyclic');
    cyclic.cause = new TypeError('in between', { cause: cyclic });
    assert.match(toErrorInfo(cyclic).stack ?? '', /cyclic[^]*in between[^]*\[cause\]: \[Error, see above\]/);
  });

  test('of an AggregateError with 100,000 errors the first are printed, and how many more there are', () => {
    const errors = Array.from(
      { length: 100_000 },
      (_, index) => new Error(`number ${index}`, { cause: index }),
    );
    for (const error of errors) error.stack = `Error: ${error.message}`;
    const { message, stack } = toErrorInfo(new AggregateError(errors, 'all failed'));
    assert.equal(message, 'all failed');
    assert.match(stack ?? '', /AggregateError: all failed[^]*number 0[^]*number 1[^]*99984 more/);
    assertBounded({ name: '', message, stack, code: null });
  });

  test('it is printed as Node prints it, with its causes, and with util.inspect.custom, but without its own properties', () => {
    const error = Object.assign(new Error('outer', { cause: new TypeError('inner') }), {
      code: 'E_X',
      port: 1,
    });
    assert.match(
      toErrorInfo(error).stack ?? '',
      /^Error: outer\n {4}at [^]* \{\n {2}\[cause\]: TypeError: inner\n {6}at [^]*\n\}$/,
    );
    const discreet = made({ password: 'secret', [inspect.custom]: () => 'nothing but this' });
    assert.equal(toErrorInfo(discreet).stack, 'nothing but this');
    assert.equal(toErrorInfo(discreet).properties, undefined);
    // If that throws, no property is printed.
    const failing = toErrorInfo(made({ password: 'secret', [inspect.custom]: explode })).stack ?? '';
    assert.match(failing, /^Error: broken\n {4}at /);
    assert.doesNotMatch(failing, /secret/);
    let called = 0;
    Object.defineProperty(error, 'lazy', { get: () => (called += 1), enumerable: true });
    assert.deepEqual(toErrorInfo(error).properties, { port: 1, lazy: '[Getter]' });
    assert.equal(called, 0);
  });

  test('S91: own properties travel as data, and no value of theirs is in the stack, not of causes either', () => {
    const config = { url: '/', headers: { authorization: 'Bearer secret' } };
    const inner = Object.assign(new Error('inner', { cause: { token: 'secret' } }), { password: 'secret' });
    const error = Object.assign(new Error('outer', { cause: inner }), { config, code: 'E_X' });
    const info = toErrorInfo(error);
    assert.doesNotMatch(info.stack ?? '', /secret/);
    assert.deepEqual(info.properties, { config });
    const copy = fromErrorInfo(parseErrorInfo(JSON.parse(JSON.stringify(info))));
    assert.deepEqual(Reflect.get(copy, 'config'), config);
    const lines: string[] = [];
    const log = pino(
      { redact: ['err.config.headers.authorization'] },
      { write: (line) => void lines.push(line) },
    );
    log.error({ err: copy }, 'failed');
    assert.match(lines.join(''), /"authorization":"\[Redacted\]"/);
    assert.doesNotMatch(lines.join(''), /secret/);
  });

  test('of properties only plain data is left, within bounds', () => {
    class Socket {
      readonly secret = 'x';
    }
    const cyclic: Record<string, unknown> = { at: new Date(0) };
    cyclic['self'] = cyclic;
    const { properties } = toErrorInfo(
      made({
        list: [1, undefined, 2n],
        fn: explode,
        socket: new Socket(),
        no: null,
        nan: Number.NaN,
        cyclic,
      }),
    );
    assert.deepEqual(properties, {
      list: [1, null, '2n'],
      socket: '[Socket]',
      no: null,
      nan: 'NaN',
      cyclic: {
        at: '1970-01-01T00:00:00.000Z',
        self: { at: '1970-01-01T00:00:00.000Z', self: { at: '1970-01-01T00:00:00.000Z', self: '[Object]' } },
      },
    });
    const tree = (depth: number): unknown =>
      depth === 0 ? 'x'.repeat(999) : Array.from({ length: 16 }, () => tree(depth - 1));
    assert.ok(JSON.stringify(toErrorInfo(made({ tree: tree(3) }))).length < 40_000);
    // What comes from another process is bounded, too, and sets no prototype.
    const received = parseErrorInfo(
      JSON.parse('{ "message": "m", "properties": { "__proto__": { "a": 1 }, "name": "n", "b": 2 } }'),
    );
    assert.deepEqual(received.properties, { b: 2 });
  });

  test('a class that sets its name late is printed with its name', () => {
    class PoolError extends Error {
      override name = 'PoolError';
    }
    assert.match(toErrorInfo(new PoolError('empty')).stack ?? '', /^PoolError: empty\n {4}at /);
  });

  test('whatever arrives instead of an error becomes an error', () => {
    for (const garbage of [undefined, null, 0, 'x', [], {}, { message: 1 }, { name: 'x' }]) {
      assert.match(parseErrorInfo(garbage).message, /cannot be read/);
    }
    assert.deepEqual(parseErrorInfo({ message: 'broken', name: 1, stack: [], code: {} }), {
      name: 'Error',
      message: 'broken',
      stack: null,
      code: null,
    });
    assertBounded(
      parseErrorInfo({ message: 'x'.repeat(1e6), name: 'x'.repeat(1e6), stack: 'x'.repeat(1e6) }),
    );
  });

  test('what counts as an error', () => {
    assert.equal(isError(new TypeError('x')), true);
    assert.equal(isError(vm.runInNewContext('new Error')), true);
    assert.equal(isError(Object.create(Error.prototype)), true);
    for (const other of [
      {},
      'x',
      undefined,
      revoked(new Error('x')),
      new Proxy(new Error('x'), hostileTraps),
    ]) {
      assert.equal(isError(other), false);
    }
  });

  test('an error keeps its name, message, code, stack and causes', () => {
    const cause = new RangeError('the reason');
    const error = Object.assign(new TypeError('broken', { cause }), { code: 'E_X' });
    const copy = fromErrorInfo(JSON.parse(JSON.stringify(toErrorInfo(error))));
    assert.ok(copy instanceof TypeError);
    assert.equal(copy.name, 'TypeError');
    assert.equal(copy.message, 'broken');
    assert.equal(Reflect.get(copy, 'code'), 'E_X');
    assert.match(copy.stack ?? '', /error-info\.test/);
    assert.match(copy.stack ?? '', /\[cause\]: RangeError: the reason/);
  });

  test('a class of errors that is not known here keeps its name', () => {
    class PoolError extends Error {
      override name = 'PoolError';
    }
    const copy = fromErrorInfo(toErrorInfo(new PoolError('empty')));
    assert.equal(copy.name, 'PoolError');
    assert.deepEqual(fromErrorInfo(toErrorInfo('a string')).message, "'a string'");
  });
});

function assertBounded({ name, message, stack, code }: ReturnType<typeof toErrorInfo>): void {
  for (const text of [name, message, stack ?? '', code ?? '']) assert.equal(typeof text, 'string');
  assert.ok(name.length <= 256 + MARK);
  assert.ok((code ?? '').length <= 256 + MARK);
  assert.ok(message.length <= MAX_MESSAGE + MARK);
  assert.ok((stack ?? '').length <= MAX_STACK + MARK);
}
