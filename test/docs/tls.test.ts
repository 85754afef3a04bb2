// The service of docs/tls.md, with the recipe of the page for a new certificate without a rollout.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import { certificate, renewed } from '../fixtures/certificate.js';
import { startReadyService } from '../helpers/service.ts';
import { askTls } from '../helpers/tls-client.ts';
import { attribute, readPage } from './markdown.ts';
import { createProject, write } from './project.ts';

suite('TLS', () => {
  test('renew.js: new files -> every worker serves the new certificate, without a rollout', async (t) => {
    const folder = createProject(t);
    for (const block of readPage('docs/tls.md').blocks) {
      const file = attribute(block, 'file');
      if (file !== undefined) write(folder, file, block.text.replace('everyMs = 60_000', 'everyMs = 20'));
    }
    writePair(folder, certificate);
    const service = await startReadyService(t, {
      fixture: path.join(folder, 'main.js'),
      cwd: folder,
      env: {
        PORT: '0',
        FASTIFY_ADDRESS: '127.0.0.1',
        WEB_CONCURRENCY: '2',
        TLS_KEY: path.join(folder, 'key.pem'),
        TLS_CERT: path.join(folder, 'cert.pem'),
      },
    });
    const port = await service.port();
    const serial = async (): Promise<string | null> => (await askTls(port, {}, '/')).serial;
    assert.equal(await serial(), serialOf(certificate));
    writePair(folder, renewed);
    const pids = service
      .lines('worker ready')
      .map(({ worker }) => worker?.pid ?? assert.fail('without a pid'));
    assert.equal(pids.length, 2);
    for (const pid of pids) {
      // The other one answers.
      process.kill(pid, 'SIGSTOP');
      // It has not looked yet, or has seen one new file beside an old one.
      while ((await serial()) !== serialOf(renewed));
      process.kill(pid, 'SIGCONT');
    }
    assert.equal(await service.stop(), 0);
  });
});

function writePair(folder: string, { key, cert }: typeof certificate): void {
  write(folder, 'key.pem', key);
  write(folder, 'cert.pem', cert);
}

function serialOf({ cert }: typeof certificate): string {
  return new X509Certificate(cert).serialNumber;
}
