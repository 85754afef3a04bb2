// A descriptor that the process was started with: what one can listen on, and what not.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { suite, test } from 'node:test';
import dgram from 'node:dgram';
import { tcp } from '../../../src/net/endpoint.ts';
import { inherit } from '../../../src/net/inherited.ts';
import { listenForOthers } from '../../../src/net/listen-on-handle.ts';
import { bindPath, bindSocket } from '../../../src/primary/sockets/bound-socket.ts';
import { temporaryFolder } from '../../helpers/folder.ts';

const refused = (message: RegExp): object => ({ code: 'FST_CLUSTERED_LISTEN_FAILED', message });

const fdOf = (of: object): number => Reflect.get(Object(Reflect.get(of, '_handle')), 'fd');

suite('a descriptor', () => {
  test('S104: of a TCP socket and of a Unix socket -> where it is bound', (t) => {
    const bound = bindSocket(tcp({ host: '127.0.0.1', port: 0 }));
    t.after(() => bound.close());
    assert.equal(listenForOthers(bound.fd, 1), 0);
    const { endpoint } = inherit(bound.fd);
    assert.deepEqual(endpoint, { type: 'inherited', fd: bound.fd, bound: bound.endpoint });
    const file = path.join(temporaryFolder(t), 'a b.sock');
    const unix = bindPath(file);
    t.after(() => unix.close());
    assert.equal(listenForOthers(unix.fd, 1), 0);
    assert.deepEqual(inherit(unix.fd).endpoint, {
      type: 'inherited',
      fd: unix.fd,
      bound: { type: 'unix', path: file },
    });
  });

  test('S104: that is not there, no socket, a datagram socket -> an error that says so', async (t) => {
    assert.throws(() => inherit(9_999), refused(/descriptor 9999: this process was started without it/));
    const file = fs.openSync('/dev/null', 'r');
    t.after(() => fs.closeSync(file));
    assert.throws(() => inherit(file), refused(/it is no socket/));
    const datagrams = dgram.createSocket('udp4').bind(0, '127.0.0.1');
    t.after(() => datagrams.close());
    await once(datagrams, 'listening');
    const { fd } = Reflect.get(
      datagrams,
      Object.getOwnPropertySymbols(datagrams).find((symbol) => symbol.description === 'state symbol') ?? '',
    ).handle;
    assert.throws(() => inherit(fd), refused(/it is no stream socket; .*ListenStream=/));
  });

  for (const kind of ['TCP', 'Unix'] as const) {
    test(`S104: a connection (Accept=yes of systemd) over ${kind} -> an error that says so`, async (t) => {
      // What this process reads from already it cannot take over.
      const server = net.createServer({ pauseOnConnect: true });
      t.after(() => server.close());
      const file = path.join(temporaryFolder(t), 'app.sock');
      if (kind === 'TCP') server.listen(0, '127.0.0.1');
      else server.listen(file);
      await once(server, 'listening');
      const address = server.address();
      const client =
        typeof address === 'object' && address !== null
          ? net.connect(address.port, '127.0.0.1')
          : net.connect(file);
      const [accepted]: net.Socket[] = await once(server, 'connection');
      assert.ok(accepted !== undefined);
      t.after(() => void [client, accepted].map((socket) => socket.destroy()));
      assert.throws(() => inherit(fdOf(accepted)), refused(/it is a connection.*Accept=no/));
    });
  }
});
