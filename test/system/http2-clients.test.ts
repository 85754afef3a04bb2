// Programs that speak HTTP/2 with the service, and count their own failures: rollouts under load. What the clients got is
// compared with what the app has handled, since some of them give up requests that they have never sent.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { keepRunning } from '../helpers/programs.ts';
import type { Tally } from '../helpers/programs.ts';
import { startReadyService } from '../helpers/service.ts';
import type { Service } from '../helpers/service.ts';
import { GENEROUS } from '../helpers/times.ts';
import { hasTool } from '../helpers/tools.ts';

interface Client {
  readonly what: string;
  readonly tool: string;
  readonly debianPackage: string;
  readonly isSecure: boolean;
  command(url: string): readonly string[];
  read(output: string): Tally;
}

const PARALLEL = 4;
/** So many runs of the program come before, between and after the rollouts. */
const RUNS = 2 * PARALLEL;

const H2LOAD = {
  tool: 'h2load',
  debianPackage: 'nghttp2-client',
  read(output: string): Tally {
    const [, answered, failed] = /requests: .* (\d+) succeeded, (\d+) failed/.exec(output) ?? [];
    return { answered: Number(answered), failed: Number(failed) };
  },
} as const;

const CURL = {
  tool: 'curl',
  debianPackage: 'curl',
  read(output: string): Tally {
    const codes = output.trim().split('\n');
    const answered = codes.filter((code) => code === '200').length;
    return { answered, failed: codes.length - answered };
  },
} as const;

const curl = (...args: readonly string[]): readonly string[] =>
  ['curl', '--silent', '--insecure', '--output', '/dev/null', '--write-out', '%{http_code}\\n', args].flat();

const CLIENTS: readonly Client[] = [
  ...[false, true].flatMap((isSecure) =>
    [1, 4].map((streams) => ({
      ...H2LOAD,
      what: `four sessions of ${streams === 1 ? 'one stream' : 'four streams'}`,
      isSecure,
      command: (url: string) => [
        'h2load',
        '--clients',
        '4',
        '--max-concurrent-streams',
        `${streams}`,
        '--requests',
        '1000',
        url,
      ],
    })),
  ),
  {
    ...CURL,
    what: 'a session each, one request after the other',
    isSecure: true,
    command: (url) => curl('--http2', `${url}?[1-100]`),
  },
  // Debian's curl cannot use a session without TLS twice, whatever the server.
  {
    ...CURL,
    what: 'a session per request',
    isSecure: false,
    command: (url) => curl('--http2-prior-knowledge', url),
  },
];

suite('programs that are clients of HTTP/2', { concurrency: false }, () => {
  for (const { what, tool, debianPackage, isSecure, command, read } of CLIENTS) {
    const how = isSecure ? 'over TLS' : 'cleartext';
    test(`S17, S96: ${tool}, ${how}, ${what}, two rollouts under load -> 0 lost`, async (t) => {
      if (!hasTool(t, tool, debianPackage)) return;
      const service = await startReadyService(t, {
        fixture: 'http2.js',
        env: isSecure ? { TLS: 'yes' } : {},
        options: { rollout: GENEROUS },
      });
      const url = `${isSecure ? 'https' : 'http'}://127.0.0.1:${await service.port()}/`;
      const programs = keepRunning(PARALLEL, command(url), read);
      for (let rollout = 1; rollout <= 2; rollout += 1) {
        await programs.more(RUNS);
        await service.rollOut();
        await service.drained();
      }
      await programs.more(RUNS);
      const { answered, failed } = await programs.stop();
      assert.equal(await service.stop(), 0, service.story());
      t.diagnostic(`${answered} answered, ${failed} given up by the client`);
      // What crosses a GOAWAY is refused as not processed. Neither of them repeats it.
      assert.equal(handled(service), answered, 'what the app has handled, and what was answered');
    });
  }
});

/** How many requests all workers together have got. */
function handled(service: Service): number {
  const lines = service.lines('handled');
  assert.equal(lines.length, service.lines('worker exited').length, 'every worker has told it');
  return lines.reduce((sum, line) => sum + Number(line['count']), 0);
}
