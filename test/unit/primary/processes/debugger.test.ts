// What the options of a worker say of its debugger, in all forms in which Node takes them.
import assert from 'node:assert/strict';
import process from 'node:process';
import { suite, test } from 'node:test';
import { DebuggerPorts, debuggerOptions } from '../../../../src/primary/processes/debugger.ts';

suite('the debugger of a worker', () => {
  for (const [NODE_OPTIONS, execArgv, expected] of [
    ['', [], undefined],
    ['', ['--max-old-space-size=64', '--enable-source-maps'], undefined],
    ['--require "./--inspect"', [], undefined],
    ['', ['--inspect'], { isOpen: true, port: undefined }],
    ['', ['--inspect=0'], { isOpen: true, port: 0 }],
    ['', ['--inspect=127.0.0.1'], { isOpen: true, port: undefined }],
    ['', ['--inspect=127.0.0.1:9300'], { isOpen: true, port: 9300 }],
    ['', ['--inspect-brk=[::1]:9300'], { isOpen: true, port: 9300 }],
    ['', ['--inspect_brk'], { isOpen: true, port: undefined }],
    ['', ['--inspect-wait=localhost:0'], { isOpen: true, port: 0 }],
    ['', ['--inspect-port=9300'], { isOpen: false, port: 9300 }],
    ['', ['--inspect-port', '127.0.0.1:9300', '--inspect'], { isOpen: true, port: 9300 }],
    ['', ['--debug-port=9300'], { isOpen: false, port: 9300 }],
    ['', ['--inspect-publish-uid=http'], { isOpen: false, port: undefined }],
    ['--inspect', [], { isOpen: true, port: undefined }],
    ['--no-warnings  --inspect-brk=9300', ['--inspect-port=9400'], { isOpen: true, port: 9400 }],
    ['--inspect=9300', ['--no-inspect'], { isOpen: false, port: 9300 }],
  ] as const) {
    test(`S71: NODE_OPTIONS "${NODE_OPTIONS}", options "${execArgv.join(' ')}"`, () => {
      assert.deepEqual(debuggerOptions({ execArgv, env: { NODE_OPTIONS } }), expected);
    });
  }

  test('S71: no NODE_OPTIONS at all', () => {
    assert.equal(debuggerOptions({ execArgv: [], env: {} }), undefined);
  });

  test('S71: each worker gets a port of its own, and the first one is left to the primary', () => {
    const ports = new DebuggerPorts();
    const own = process.debugPort;
    const given = [undefined, undefined, own, 50_000, 0, 0].map((port) => ports.next({ port }));
    assert.deepEqual(given, [own + 1, own + 2, own + 3, 50_003, 0, 0]);
  });

  test('S71: after the highest port comes the lowest that needs no privileges', () => {
    const ports = new DebuggerPorts();
    const given = [65_535, 65_535, 65_535].map((port) => ports.next({ port }));
    assert.deepEqual(given, [65_535, 1_024, 1_025]);
  });
});
