// HTTPS: sessions are resumed whoever answers, certificates are renewed, clients are checked as ever.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { suite, test } from 'node:test';
import { certificate, client, other, renewed, stranger } from '../fixtures/certificate.js';
import { assertNothingLost } from '../helpers/load-report.ts';
import { startLoads } from '../helpers/loads.ts';
import { createReleases, startRelease } from '../helpers/releases.ts';
import { getOrPost } from '../helpers/requests.ts';
import { startReadyService } from '../helpers/service.ts';
import type { Service, ServiceOptions } from '../helpers/service.ts';
import { GENEROUS, QUICK } from '../helpers/times.ts';
import { askTls, countResumed, describedBy, openSessions } from '../helpers/tls-client.ts';

type TestContext = Parameters<typeof startReadyService>[0];

const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;
const SESSIONS = 20;

function only(version: (typeof VERSIONS)[number]): object {
  return { minVersion: version, maxVersion: version };
}

function start(t: TestContext, server: object = {}, options: ServiceOptions = {}): Promise<Service> {
  return startReadyService(t, {
    fixture: 'tls.js',
    ...options,
    options: { rollout: QUICK, ...options.options },
    env: { SERVER: JSON.stringify(server) },
  });
}

/** While one worker is stopped, the other one answers. */
async function whileStopped<T>(pid: number, act: () => Promise<T>): Promise<T> {
  process.kill(pid, 'SIGSTOP');
  try {
    return await act();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

async function two(service: Service): Promise<readonly [number, number]> {
  const [first, second] = await service.readyPids();
  assert.ok(first !== undefined && second !== undefined);
  return [first, second];
}

suite('TLS', () => {
  for (const version of VERSIONS) {
    test(`S20: 40 sessions of ${version}, each with one worker -> the other one resumes all`, async (t) => {
      const service = await start(t);
      const [first, second] = await two(service);
      const bySecond = await whileStopped(first, () => openSessions(service, SESSIONS, only(version)));
      const [byFirst, onFirst] = await whileStopped(second, async () => [
        await openSessions(service, SESSIONS, only(version)),
        await countResumed(service, bySecond, only(version)),
      ]);
      const onSecond = await whileStopped(first, () => countResumed(service, byFirst, only(version)));
      assert.deepEqual(onFirst, { resumed: SESSIONS, by: new Set([first]) });
      assert.deepEqual(onSecond, { resumed: SESSIONS, by: new Set([second]) });
    });

    test(`S20: sessions of ${version}, a rollout, then a crash of every worker -> all are resumed`, async (t) => {
      const service = await start(t);
      const sessions = await openSessions(service, 2 * SESSIONS, only(version));
      const old = await service.readyPids();
      await service.rollOut();
      await service.drained();
      const after = await countResumed(service, sessions, only(version));
      assert.equal(after.resumed, 2 * SESSIONS);
      assert.ok(old.every((pid) => !after.by.has(pid)));
      const full = service.next('all workers ready');
      for (const pid of await service.readyPids()) process.kill(pid, 'SIGKILL');
      await full;
      assert.equal((await countResumed(service, sessions, only(version))).resumed, 2 * SESSIONS);
    });
  }

  // The entry of each release has another real path, from which Node would derive another session id context.
  test('S20: releases behind a link -> sessions of the release before are resumed', async (t) => {
    const releases = createReleases(t);
    const service = await startRelease(t, releases, { workers: 2, rollout: QUICK }, secureRelease('1'));
    const sessions = await openSessions(service, 2 * SESSIONS);
    releases.write(2, secureRelease('2'));
    releases.deploy(2);
    await service.rollOut();
    await service.drained();
    const port = await service.port();
    assert.equal(JSON.parse((await askTls(port)).body).release, '2');
    assert.equal((await countResumed(service, sessions)).resumed, 2 * SESSIONS);
  });

  test('S20: HTTP/2 with allowHTTP1 -> sessions are resumed after a rollout', async (t) => {
    const service = await start(t, { http2: true });
    const sessions = await openSessions(service, SESSIONS);
    await service.rollOut();
    await service.drained();
    assert.equal((await countResumed(service, sessions)).resumed, SESSIONS);
  });

  for (const sni of ['callback', 'contexts'])
    for (const version of VERSIONS) {
      test(`S20: SNI by ${sni}, ${version} -> each name has its certificate, its sessions are resumed after a rollout`, async (t) => {
        const service = await start(t, { sni });
        const port = await service.port();
        for (const [servername, expected] of [
          ['other.test', other],
          ['localhost', certificate],
        ] as const) {
          const options = { ...only(version), servername };
          const { serial } = await askTls(port, options);
          assert.equal(serial, serialOf(expected));
          const sessions = await openSessions(service, SESSIONS, options);
          await service.rollOut();
          await service.drained();
          assert.equal((await countResumed(service, sessions, options)).resumed, SESSIONS);
        }
      });
    }

  test('S20: ALPN -> what was agreed on is agreed on again, also when the session is resumed', async (t) => {
    const service = await start(t, { alpn: ['http/1.1', 'acme-tls/1'] });
    const options = { ALPNProtocols: ['acme-tls/1', 'http/1.1'] };
    const port = await service.port();
    const first = await askTls(port, options);
    assert.deepEqual([first.alpn, describedBy(first).alpn], ['http/1.1', 'http/1.1']);
    await service.rollOut();
    await service.drained();
    const again = await askTls(port, { ...options, session: first.session });
    assert.deepEqual([again.reused, again.alpn, describedBy(again).alpn], [true, 'http/1.1', 'http/1.1']);
  });

  for (const version of VERSIONS) {
    test(`S20: client certificates, ${version} -> who was authorized still is after a rollout, with the session resumed; strangers are refused`, async (t) => {
      const service = await start(t, { mutual: true });
      const port = await service.port();
      const known = { ...only(version), ...client };
      const first = await askTls(port, known);
      const { authorized, subject } = describedBy(first);
      assert.deepEqual([authorized, subject], [true, 'client']);
      await service.rollOut();
      await service.drained();
      const again = await askTls(port, { ...known, session: first.session });
      const described = describedBy(again);
      assert.deepEqual([described.reused, described.authorized, described.subject], [true, true, 'client']);
      await assert.rejects(askTls(port, { ...only(version), ...stranger }));
      await assert.rejects(askTls(port, only(version)));
    });

    test(`S20: a server that asks for no client certificate beside one that requires it, ${version} -> neither resumes sessions of the other`, async (t) => {
      const named = { name: 'guarded', port: 0, host: '127.0.0.1' };
      const service = await start(
        t,
        { guarded: 'guarded', sessionIdContext: 'the same' },
        { options: { listen: [{ port: 0, host: '127.0.0.1' }, named] } },
      );
      const { addresses } = await service.status();
      const [open = 0, guarded = 0] = addresses.map((address) => ('port' in address ? address.port : 0));
      const { session } = await askTls(open, only(version));
      assert.equal((await askTls(open, { ...only(version), session })).reused, true);
      await assert.rejects(askTls(guarded, { ...only(version), session }));
      const known = { ...only(version), ...client };
      const first = await askTls(guarded, known);
      assert.deepEqual([describedBy(first).authorized, first.reused], [true, false]);
      await service.rollOut();
      await service.drained();
      const again = await askTls(guarded, { ...known, session: first.session });
      assert.deepEqual([describedBy(again).authorized, describedBy(again).reused], [true, true]);
    });
  }

  for (const how of ['ownKeys', 'lateKeys'] as const) {
    test(`S20: keys that the app has set itself (${how}) -> they win: two services that share them resume each other's sessions`, async (t) => {
      const rotating = { options: { tls: { rotateTicketKeysMs: 200 } } };
      const [one, another] = [await start(t, { [how]: 7 }, rotating), await start(t, { [how]: 7 })];
      const sessions = await openSessions(one, SESSIONS);
      assert.equal((await countResumed(another, sessions)).resumed, SESSIONS);
      const stranger = await start(t);
      assert.equal((await countResumed(stranger, sessions)).resumed, 0);
      await one.next('ticket keys rotated');
      await one.rollOut();
      await one.drained();
      assert.equal((await countResumed(one, sessions)).resumed, SESSIONS);
    });
  }

  test('S20: tls.rotateTicketKeysMs -> old sessions shake hands anew, new ones are resumed by all workers; the shutdown is clean', async (t) => {
    const service = await start(t, {}, { options: { tls: { rotateTicketKeysMs: 1_000 } } });
    const rotations = (): number => service.lines('ticket keys rotated').length;
    const [session] = await openSessions(service, 1);
    assert.ok(session !== undefined);
    await service.next('ticket keys rotated');
    const [first, second] = await two(service);
    for (const stopped of [first, second])
      await whileStopped(stopped, async () => {
        // Its answer comes over the channel of the worker, behind the keys.
        await askTls(await service.port(), {}, '/fleet');
        assert.equal((await countResumed(service, [session])).resumed, 0);
      });
    // Of a check between two rotations.
    for (let before = -1; before !== rotations();) {
      before = rotations();
      const fresh = await whileStopped(first, () => openSessions(service, 3));
      const { resumed } = await whileStopped(second, () => countResumed(service, fresh));
      if (before === rotations()) assert.equal(resumed, 3);
    }
    assert.equal(await service.stop(), 0);
  });

  test('S20: what ticket keys follow from -> in no log and no status, and by halves in no environment', async (t) => {
    const service = await start(t, {}, { options: { tls: { rotateTicketKeysMs: 100 } } });
    await service.next('ticket keys rotated');
    const environment = fs.readFileSync(`/proc/${await service.readyPid()}/environ`, 'utf8');
    const settings = /^FASTIFY_CLUSTERED_WORKER=(.*)$/m.exec(environment.replaceAll('\0', '\n'))?.[1];
    const { ticketSecret } = JSON.parse(settings ?? '{}');
    assert.equal(Buffer.from(ticketSecret, 'base64').length, 32);
    assert.doesNotMatch(environment, /ticket-keys/);
    const told = service.output + JSON.stringify(await service.status());
    assert.equal(told.includes(ticketSecret), false);
    assert.doesNotMatch(told, /[\w+/]{43}=/);
  });

  test('S20: certificate files that were replaced, SIGUSR2 under load -> new connections see the new certificate, 0 lost; sessions are resumed', async (t) => {
    const from = folderWith(t, certificate);
    // Clients that do not pause are never idle for that long.
    const service = await start(t, { from }, { options: { rollout: GENEROUS } });
    const port = await service.port();
    const before = await askTls(port);
    assert.equal(before.serial, serialOf(certificate));
    write(from, renewed);
    assert.equal((await askTls(port)).serial, serialOf(certificate));
    const tls = { servername: 'localhost', rejectUnauthorized: false };
    const load = { ...getOrPost, tls, origin: await service.origin() };
    const loads = startLoads({ ...load, clients: 8 }, { ...load, connections: 'fresh', clients: 4 });
    await loads.more(50);
    const completed = service.next('rollout completed');
    service.signal('SIGUSR2');
    await completed;
    await service.drained();
    assert.equal((await askTls(port)).serial, serialOf(renewed));
    assert.equal((await askTls(port, { session: before.session })).reused, true);
    await loads.more(50);
    for (const report of await loads.stop()) assertNothingLost(report);
  });

  test('S20: the app calls setSecureContext() -> the keys of the primary stay', async (t) => {
    const service = await start(t, {}, { options: { workers: 1 } });
    const port = await service.port();
    const { session } = await askTls(port);
    await askTls(port, {}, '/renew', 'POST');
    assert.equal((await askTls(port)).serial, serialOf(renewed));
    assert.equal((await askTls(port, { session })).reused, true);
    await service.rollOut();
    await service.drained();
    assert.equal((await askTls(port, { session })).reused, true);
  });
});

function secureRelease(release: string): string {
  return `
import process from 'node:process';
import { startClustered } from 'fastify-clustered';
import fastify from 'fastify';
const service = await startClustered(() => {
  const app = fastify({ https: ${JSON.stringify(certificate)} });
  app.get('/tls', async ({ raw: { socket } }) => ({ release: '${release}', pid: process.pid, reused: socket.isSessionReused() }));
  return app;
}, JSON.parse(process.env.SERVICE_OPTIONS));
if (service.role === 'primary') {
  process.on('message', async ({ id, method, args }) => {
    const value = await service[method](...args);
    await new Promise(setImmediate);
    process.send({ id, value });
  });
}
`;
}

function folderWith(t: TestContext, pair: typeof certificate): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  write(folder, pair);
  return folder;
}

function write(folder: string, { key, cert }: typeof certificate): void {
  fs.writeFileSync(path.join(folder, 'key.pem'), key);
  fs.writeFileSync(path.join(folder, 'cert.pem'), cert);
}

function serialOf({ cert }: typeof certificate): string {
  return new X509Certificate(cert).serialNumber;
}
