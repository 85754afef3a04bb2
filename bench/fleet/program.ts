// Started by the measure `fleet`, in a process of its own for each checkout: prints its figures as JSON.
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { measurePhases } from './phases.ts';
import type { Decisions } from './shell.ts';

const [dist = ''] = process.argv.slice(2);
const load = async (file: string): Promise<Decisions> =>
  import(pathToFileURL(path.resolve(dist, 'fleet', file)).href);

const { createFleet } = await load('fleet.js');
const { step } = await load('step.js');
const { nextWakeAt } = await load('wake.js');
process.stdout.write(JSON.stringify(measurePhases({ createFleet, step, nextWakeAt })));
