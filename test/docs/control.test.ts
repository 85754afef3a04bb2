// docs/control.md: its command works, a rollout prints what the page shows, and its requests and results are those of the socket.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { BareClient, controlPath, runProgram } from '../helpers/control.ts';
import { startReadyService } from '../helpers/service.ts';
import { QUICK } from '../helpers/times.ts';
import { attribute, codes, readPage, rows } from './markdown.ts';

const PAGE = readPage('docs/control.md');

suite('control', () => {
  test('the command, what a rollout prints, and every request of the protocol', async (t) => {
    const path = controlPath(t);
    const service = await startReadyService(t, { options: { rollout: QUICK, control: { path } } });
    const command = PAGE.blocks.find(({ words }) => words.includes('control'))?.text ?? '';
    const [, words = ''] = /^npx --no-install fastify-clustered (.+)$/.exec(command) ?? [];
    const args = words.replace('/run/hello/control.sock', path).split(' ');
    assert.equal((await runProgram(args)).code, 0, words);

    const shown = PAGE.blocks.find((block) => attribute(block, 'control') === 'restart')?.text ?? '';
    const { out } = await runProgram(['restart', '--control', path]);
    assert.deepEqual(linesOf(out), linesOf(shown));

    const client = new BareClient(path);
    t.after(() => void client.socket.destroy());
    const greeting = codes(PAGE.prose).find((code) => code.startsWith('{"protocol"')) ?? '';
    const { protocol } = await client.seen(() => true);
    assert.equal(JSON.parse(greeting).protocol, protocol);
    const requests = rows(PAGE, 'The protocol').map(([request = '']) => codes(request)[0] ?? '');
    assert.deepEqual(
      requests.map((request) => JSON.parse(request).command),
      ['status', 'restart', 'scale', 'stop'],
    );
    for (const [index, request] of requests.entries()) {
      client.send({ ...JSON.parse(request), id: index });
      assert.ok('result' in (await client.answer(index)), request);
    }
    assert.deepEqual((await client.answer(2))['result'], { from: 2, to: 4 });
    assert.equal((await service.ended).code, 0);
  });
});

/** Without what differs from run to run: pids, the entry, and when exactly an old worker exits. */
function linesOf(text: string): readonly string[] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.replace(/ \(pid \d+\)/, '').replace(/started: \/.*/, 'started'))
    .filter((line) => !line.endsWith(' exited'));
}
