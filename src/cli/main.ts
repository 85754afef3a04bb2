#!/usr/bin/env node
// The program fastify-clustered: tells a running service what to do, and waits for the outcome. A client of the control socket.
import process from 'node:process';
import { USAGE, readArguments } from './arguments.ts';
import { ask } from './client.ts';
import { endingOf } from './outcome.ts';
import { lineOf } from './progress.ts';

// A reader that has gone away, as in `| head -1`, does not change the outcome.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
process.exitCode = await run();

async function run(): Promise<0 | 1 | 2> {
  const args = readArguments(process.argv.slice(2), process.env);
  if (args.type === 'help') {
    print(USAGE.trimEnd());
    return 0;
  }
  if (args.type === 'usage') {
    complain(`${args.problem}\n\n${USAGE.trimEnd()}`);
    return 2;
  }
  const { command, path, json } = args;
  const outcome = await ask({
    path,
    command,
    onLine: (line) => (json ? print(line) : undefined),
    onEvent(event, details) {
      const line = json ? null : lineOf(event, details);
      if (line !== null) print(line);
    },
  });
  const { exitCode, out, err } = endingOf(command, outcome);
  if (!json && out !== '') print(out);
  if (err !== '') complain(err);
  return exitCode;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function complain(text: string): void {
  process.stderr.write(`fastify-clustered: ${text}\n`);
}
