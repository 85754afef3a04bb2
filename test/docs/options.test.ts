// The reference page and the TSDoc of the options say what the validator does.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { suite, test } from 'node:test';
import vm from 'node:vm';
import { documentedOptions, isProse, optionTable, tableIn } from '../../build/option-table.ts';
import type { Runtime } from '../../src/options/checks.ts';
import { variableOf } from '../../src/options/variables.ts';
import { complete } from '../../src/options/index.ts';
import type { ClusteredOptions } from '../../src/options/index.ts';
import { leaves, nested } from '../helpers/leaves.ts';

const PAGE = new URL('../../docs/reference.md', import.meta.url);

const MACHINES: readonly Runtime[] = [
  { env: {}, execArgv: [], capacity: { cpus: 1, workers: 1, memoryBytes: null } },
  { env: {}, execArgv: ['--enable-source-maps'], capacity: { cpus: 6, workers: 5, memoryBytes: null } },
];

const documented = await documentedOptions();

suite('documentation of the options', () => {
  test('the reference page has the table that the TSDoc gives; else run npm run docs:options', async () => {
    assert.equal(tableIn(fs.readFileSync(PAGE, 'utf8')), await optionTable());
  });

  test('every option that the validator knows is documented', () => {
    const names = documented.map(({ name }) => name);
    const known = MACHINES.flatMap((machine) => leaves(complete({}, machine)).map(([name]) => name));
    assert.deepEqual(
      known.filter((name) => !names.includes(name)),
      [],
    );
    assert.equal(new Set(names).size, names.length, `documented twice: ${names.join(', ')}`);
  });

  test('no two options have the same environment variable', () => {
    const variables = documented.map(({ name }) => variableOf(name));
    assert.equal(new Set(variables).size, variables.length);
  });

  for (const { name, fallback } of documented) {
    test(`the @default of ${name} is its real default`, () => {
      for (const machine of MACHINES) assertDefault(name, fallback, machine);
    });
  }
});

function assertDefault(name: string, fallback: string, machine: Runtime): void {
  const [, variable, otherwise] = /^the environment variable (\w+), else (.+)$/.exec(fallback) ?? [];
  if (variable !== undefined && otherwise !== undefined) {
    assertDefault(name, otherwise, machine);
    assert.equal(String(valueOf(name, complete({}, { ...machine, env: { [variable]: '7' } }))), '7');
  } else if (isProse(fallback)) {
    // It depends on how Node was started. The validator leaves it to the code that finds it out.
    assert.equal(valueOf(name, complete(withGroupOf(name), machine)), null);
  } else {
    const chosen = complete(withOption(name, evaluate(fallback, machine)), machine);
    assert.deepEqual(chosen, complete(withGroupOf(name), machine));
  }
}

function evaluate(expression: string, { env, execArgv, capacity: { cpus } }: Runtime): unknown {
  const run: unknown = vm.runInThisContext(`(cpus, process) => (${expression})`);
  assert.ok(typeof run === 'function');
  return run(cpus, { env, execArgv });
}

function valueOf(name: string, options: object): unknown {
  return new Map(leaves(options)).get(name);
}

function withOption(name: string, value: unknown): ClusteredOptions {
  return nested(name, value) as ClusteredOptions;
}

/** The group alone, for one that is off by default. */
function withGroupOf(name: string): ClusteredOptions {
  const group = name.split('.').slice(0, -1);
  return group.length === 0 ? {} : withOption(group.join('.'), {});
}
