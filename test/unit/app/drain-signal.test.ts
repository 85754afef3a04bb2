// What listens to the signal of a drain: any number of streams, those that begin during the drain, too.
import assert from 'node:assert/strict';
import { addAbortListener, once } from 'node:events';
import process from 'node:process';
import { PassThrough, addAbortSignal } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { suite, test } from 'node:test';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { aborted } from 'node:util';
import { DrainSignal } from '../../../src/app/drain-signal.ts';
import { Leadership } from '../../../src/app/leadership.ts';

suite('S103: the signal of a drain', () => {
  test('a hundred streams listen -> no warning, and each is ended', async (t) => {
    const warnings = collectWarnings(t);
    const drain = new DrainSignal();
    const streams = Array.from({ length: 100 }, () => addAbortSignal(drain.signal, new PassThrough()));
    const ended = streams.map((stream) => assert.rejects(once(stream, 'close'), { name: 'AbortError' }));
    const heard: number[] = [];
    for (let id = 0; id < 100; id += 1) drain.signal.addEventListener('abort', () => heard.push(id));
    drain.abort();
    await Promise.all(ended);
    assert.equal(heard.length, 100);
    await setImmediate();
    assert.deepEqual(warnings, []);
  });

  test('the same for the term of a leader', async (t) => {
    const warnings = collectWarnings(t);
    const leadership = new Leadership();
    leadership.add((signal) => {
      for (let id = 0; id < 100; id += 1) signal.addEventListener('abort', () => undefined);
    });
    void leadership.begin(assert.ifError);
    await setImmediate();
    assert.deepEqual(warnings, []);
  });

  test('a listener that is added after the abort is called once, with the signal; the others are not called again', async () => {
    const drain = new DrainSignal();
    const heard: string[] = [];
    const { signal } = drain;
    signal.addEventListener('abort', () => heard.push('early'));
    signal.addEventListener('abort', () => heard.push('early, captured'), true);
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the very property that is tested
    signal.onabort = () => heard.push('early property');
    drain.abort();
    assert.deepEqual([...heard], ['early', 'early, captured', 'early property']);
    heard.length = 0;
    signal.addEventListener('abort', (event) => heard.push(`late, ${event.target === signal}`));
    const object = { handleEvent: ({ type }: Event) => heard.push(`object, ${type}`) };
    signal.addEventListener('abort', object, { once: true });
    // As that of an EventTarget it is not called before the caller goes on.
    assert.deepEqual([...heard], []);
    await setImmediate();
    assert.deepEqual([...heard], ['late, true', 'object, abort']);
    signal.addEventListener('abort', () => heard.push('later'));
    await setImmediate();
    assert.deepEqual(heard, ['late, true', 'object, abort', 'later']);
  });

  test('one that is taken back at once is not called; nor is one for another event', async () => {
    const drain = new DrainSignal();
    drain.abort();
    const never = (): void => assert.fail('it was taken back');
    drain.signal.addEventListener('abort', never);
    drain.signal.removeEventListener('abort', never);
    const owner = new AbortController();
    drain.signal.addEventListener('abort', never, { signal: owner.signal });
    owner.abort();
    drain.signal.addEventListener('other', never);
    await setImmediate();
  });

  test('what takes a signal ends at once if it begins after the abort', async () => {
    const drain = new DrainSignal();
    drain.abort();
    const { signal } = drain;
    const stream = addAbortSignal(signal, new PassThrough());
    await assert.rejects(once(stream, 'close'), { name: 'AbortError' });
    await assert.rejects(pipeline(new PassThrough(), new PassThrough(), { signal }), { name: 'AbortError' });
    await assert.rejects(once(new PassThrough(), 'data', { signal }), { name: 'AbortError' });
    await assert.rejects(setTimeout(600_000, undefined, { signal }), { name: 'AbortError' });
    await new Promise<void>((resolve) => addAbortListener(signal, () => resolve()));
    await aborted(signal, {});
    await once(signal, 'abort');
    assert.equal(AbortSignal.any([signal]).aborted, true);
  });
});

function collectWarnings(t: { after(hook: () => void): void }): readonly string[] {
  const warnings: string[] = [];
  const listener = ({ name }: Error): number => warnings.push(name);
  process.on('warning', listener);
  t.after(() => void process.off('warning', listener));
  return warnings;
}
