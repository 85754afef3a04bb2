// Proves that the load client sees every kind of loss, and none where there is none, against servers that misbehave.
import assert from 'node:assert/strict';
import dns from 'node:dns';
import type { LookupOptions } from 'node:dns';
import { EventEmitter, once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { Socket, connect, createServer } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

import { listen } from './listen.ts';
import { startLoad } from './load-client.ts';
import { describeLosses } from './load-report.ts';
import type { Load, LoadOptions, LoadResponse } from './load-client.ts';
import type { Fate, LoadReport, Loss } from './load-report.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

interface RawServer {
  readonly port: number;
  connections: number;
  requests: number;
}

/** Calls `react` for each request without a body, with its number on the connection from 1, and answers nothing. */
async function startRawServer(
  t: TestContext,
  react: (socket: Socket, numberOnConnection: number) => void,
): Promise<RawServer> {
  const seen = { connections: 0, requests: 0 };
  const server = createServer((socket) => {
    seen.connections += 1;
    let onConnection = 0;
    let text = '';
    socket.setNoDelay(true);
    // A client may break off at any time.
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        text = text.slice(end + 4);
        seen.requests += 1;
        onConnection += 1;
        react(socket, onConnection);
      }
    });
  });
  return Object.assign(seen, { port: await listen(t, server) });
}

function load(t: TestContext, port: number, options: Partial<LoadOptions> = {}): Load {
  const started = startLoad({
    origin: { host: '127.0.0.1', port },
    clients: 1,
    connections: 'kept-alive',
    request: (number) => ({ method: 'GET', path: `/${number}` }),
    ...options,
  });
  t.after(() => started.stop());
  return started;
}

async function reportAfter(count: number, started: Load): Promise<LoadReport> {
  await started.finished(count);
  return started.stop();
}

function assertNothingLost(report: LoadReport): void {
  assert.equal(report.lost, 0, describeLosses(report));
  assert.equal(report.answered, report.sent);
}

function assertAll(fate: Exclude<Fate, 'answered'>, report: LoadReport): void {
  assert.equal(report[fate], report.sent, describeLosses(report));
  assert.equal(report.lost, report.sent, describeLosses(report));
}

/** Blocks the event loop of this thread, as a busy machine does. */
function blockFor(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** A server in a thread of its own, which runs while this thread is blocked. Its code has `net` and `flag`. */
async function startServerThread(t: TestContext, code: string): Promise<{ port: number; flag: Int32Array }> {
  const flag = new Int32Array(new SharedArrayBuffer(4)).fill(-1);
  const program = `
    const { workerData: flag, parentPort } = require('node:worker_threads');
    const net = require('node:net');
    const raise = (value) => { Atomics.store(flag, 0, value); Atomics.notify(flag, 0); };
    const server = net.createServer((socket) => { socket.on('error', () => {}); ${code} });
    server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`;
  const thread = new Worker(program, { eval: true, workerData: flag, execArgv: [] });
  t.after(() => thread.terminate());
  const port: unknown = (await once(thread, 'message'))[0];
  assert(typeof port === 'number');
  return { port, flag };
}

function blockUntil(flag: Int32Array, value: number): void {
  for (let now = Atomics.load(flag, 0); now !== value; now = Atomics.load(flag, 0)) {
    assert.notEqual(Atomics.wait(flag, 0, now, 60_000), 'timed-out');
  }
}

test('kept-alive clients on a good server: all answered, one connection each', async (t) => {
  let requests = 0;
  let connections = 0;
  const server = createHttpServer((request, response) => {
    requests += 1;
    response.setHeader('x-worker', requests % 2 === 0 ? 'even' : 'odd');
    response.end(request.url);
  });
  server.on('connection', () => {
    connections += 1;
  });
  const started = load(t, await listen(t, server), {
    clients: 4,
    check: (response, request) => response.status === 200 && response.body.toString() === request.path,
  });
  await started.answered(500);
  assert(started.counts().answered >= 500);
  const report = await started.stop();

  assertNothingLost(report);
  assert.equal(report.sent, requests);
  assert.equal(report.connectionsOpened, 4);
  assert.equal(connections, 4);
  assert.equal(report.closedWhenIdle + report.resetWhenIdle, 0);
  assert.deepEqual([...report.byWorker.keys()].toSorted(), ['even', 'odd']);
  assert.equal((report.byWorker.get('even') ?? 0) + (report.byWorker.get('odd') ?? 0), requests);
  assert.deepEqual(report.samples, []);
  const { p50, p99, max } = report.latency;
  assert(0 < p50 && p50 <= p99 && p99 <= max, `p50 ${p50}, p99 ${p99}, max ${max}`);
});

test('fresh connections on a good server: one per request, each with Connection: close', async (t) => {
  let requests = 0;
  let connections = 0;
  const server = createHttpServer((request, response) => {
    requests += 1;
    response.statusCode = request.headers.connection === 'close' ? 200 : 500;
    response.end('ok');
  });
  server.on('connection', () => {
    connections += 1;
  });
  const started = load(t, await listen(t, server), { clients: 4, connections: 'fresh' });
  const report = await reportAfter(100, started);

  assertNothingLost(report);
  assert.equal(report.sent, requests);
  assert.equal(report.connectionsOpened, requests);
  assert.equal(connections, requests);
});

test('fresh connections are not reused although the server would keep them', async (t) => {
  const server = await startRawServer(t, (socket) => socket.write(OK));
  const report = await reportAfter(10, load(t, server.port, { connections: 'fresh' }));
  assertNothingLost(report);
  assert.equal(report.connectionsOpened, report.sent);
  assert.equal(server.connections, report.sent);
});

test('bodies and headers arrive, and an echo which is not identical is a wrong answer', async (t) => {
  let falsified = 0;
  let echoed = 0;
  const server = createHttpServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      echoed += 1;
      const body = Buffer.concat(chunks);
      if (echoed % 3 === 0) {
        falsified += 1;
        body[body.length - 1] = (body.at(-1) ?? 0) ^ 1;
      }
      response.setHeader('x-echo', request.headers['x-number'] ?? 'none');
      response.write(body.subarray(0, 1000));
      response.end(body.subarray(1000));
    });
  });
  const started = load(t, await listen(t, server), {
    clients: 2,
    // Larger than what a socket takes at once, of bytes or of text; a different one each time.
    request: (number) => ({
      method: 'POST',
      path: '/',
      headers: { 'X-Number': String(number) },
      body: number % 2 === 0 ? Buffer.alloc(300_000, `é${number}`) : `é${number}`.repeat(50_000),
    }),
    check: (response, request) => {
      assert.equal(response.headers.get('x-echo'), request.headers?.['X-Number']);
      if (Buffer.from(request.body ?? '').equals(response.body)) return true;
      throw new Error('not an echo');
    },
  });
  const report = await reportAfter(12, started);

  assert(falsified >= 4);
  assert.equal(report.wrongAnswer, falsified, describeLosses(report));
  assert.equal(report.answered, echoed - falsified);
  assert.equal(report.lost, falsified);
  assert.equal(report.samples[0]?.code, 'not an echo');
});

test('a check which returns false makes a wrong answer', async (t) => {
  const server = await startRawServer(t, (socket) => socket.write(OK));
  assertAll('wrongAnswer', await reportAfter(10, load(t, server.port, { check: () => false })));
});

test('a 5xx is a loss, a 4xx an answer', async (t) => {
  const bad = await startRawServer(t, (socket) => {
    socket.write('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nX-Worker: 7\r\n\r\n');
  });
  const lost = await reportAfter(10, load(t, bad.port, { check: () => false }));
  assertAll('serverError', lost);
  assert.equal(lost.connectionsOpened, 1);
  assert.equal(lost.samples[0]?.code, 'status 503');
  assert.equal(lost.samples[0]?.worker, '7');
  assert.equal(lost.byWorker.get('7'), lost.sent);

  const good = await startRawServer(t, (socket) => {
    socket.write('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
  });
  assertNothingLost(await reportAfter(10, load(t, good.port)));
});

test('a reset in place of an answer is a loss, and the request is not sent again', async (t) => {
  const server = await startRawServer(t, (socket) => socket.resetAndDestroy());
  const report = await reportAfter(10, load(t, server.port));
  assertAll('reset', report);
  assert.equal(server.requests, report.sent);
  assert.equal(report.samples[0]?.code, 'ECONNRESET');
});

test('a FIN in place of an answer is a loss, and the request is not sent again', async (t) => {
  const server = await startRawServer(t, (socket) => socket.end());
  const report = await reportAfter(10, load(t, server.port));
  assertAll('reset', report);
  assert.equal(server.requests, report.sent);
  assert.equal(report.samples[0]?.code, 'FIN');
});

test('a FIN is noticed at once, though the request is not sent in full', async (t) => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    // Closes its own direction after the head, and reads no further.
    socket.once('data', () => {
      socket.pause();
      socket.end();
    });
  });
  const started = load(t, await listen(t, server), {
    request: () => ({ method: 'POST', path: '/', body: Buffer.alloc(50_000_000) }),
  });
  assertAll('reset', await reportAfter(1, started));
});

test('a reset of a connection that had served before is a loss, and the sample says what came before', async (t) => {
  const server = await startRawServer(t, (socket, numberOnConnection) => {
    if (numberOnConnection === 1) socket.write(OK.replace('\r\n', '\r\nX-Worker: 7\r\n'));
    else socket.resetAndDestroy();
  });
  const report = await reportAfter(10, load(t, server.port));

  assert.equal(server.requests, report.sent);
  assert.equal(report.reset, Math.floor(report.sent / 2), describeLosses(report));
  assert.equal(report.lost, report.reset);
  const sample = report.samples[1];
  assert(sample !== undefined);
  assert.equal(sample.request, 'GET /3');
  assert.equal(sample.number, 3);
  assert.equal(sample.requestOnConnection, 2);
  assert.equal(typeof sample.sincePreviousResponseMs, 'number');
  assert.equal(sample.connectionOpenedBecause, 'previous request reset');
  assert.equal(sample.worker, '7');
  assert.equal(typeof sample.localPort, 'number');
  assert.match(describeLosses(report), /lost of \d+ sent \(\d+ reset\)\n.*ECONNRESET/);
});

test("a connection that is accepted and reset before its 'connect' event is a reset, not a refusal", async (t) => {
  const { port, flag } = await startServerThread(
    t,
    `socket.on('close', () => raise(1)); socket.resetAndDestroy();`,
  );
  const started = load(t, port, { thinkMs: 60_000 });
  // The client connects in a tick queued before this one; then this thread sleeps until the reset is there.
  process.nextTick(() => blockUntil(flag, 1));
  const report = await reportAfter(1, started);
  assertAll('reset', report);
  assert.equal(report.connectionsOpened, 1);
  assert.equal(typeof report.samples[0]?.localPort, 'number');
});

test('a closed port is a refusal, and the report keeps only the first losses', async (t) => {
  // The port of a connected socket: no process listens there, and none can meanwhile.
  const elsewhere = await startRawServer(t, () => undefined);
  const holder = connect(elsewhere.port, '127.0.0.1');
  t.after(() => holder.destroy());
  await once(holder, 'connect');
  assert(holder.localPort !== undefined);

  const report = await reportAfter(30, load(t, holder.localPort, { clients: 2 }));
  assertAll('refused', report);
  assert.equal(report.connectionsOpened, 0);
  assert.equal(report.samples.length, 20);
  assert.equal(report.samples[0]?.code, 'ECONNREFUSED');
  assert(Number.isNaN(report.latency.max));
});

test('onLoss gets every loss, with its port and when its connection was opened', async (t) => {
  const server = await startRawServer(t, (socket) => socket.resetAndDestroy());
  const losses: Loss[] = [];
  const before = Date.now();
  const report = await reportAfter(30, load(t, server.port, { onLoss: (loss) => losses.push(loss) }));
  assert.equal(losses.length, report.lost);
  assert.deepEqual(losses.slice(0, report.samples.length), report.samples);
  for (const { localPort, connectionOpenedAt, at } of losses) {
    assert.equal(typeof localPort, 'number');
    assert(before <= Date.parse(connectionOpenedAt) && connectionOpenedAt <= at);
  }
});

test('a refused name is not tried at its next address', async (t) => {
  const server = await startRawServer(t, (socket) => socket.write(OK));
  const addresses = [
    { address: '::1', family: 6 },
    { address: '127.0.0.1', family: 4 },
  ];
  t.mock.method(
    dns,
    'lookup',
    (_name: string, { all }: LookupOptions, callback: (error: null, ...found: unknown[]) => void) => {
      if (all === true) callback(null, addresses);
      else callback(null, addresses[0]?.address, addresses[0]?.family);
    },
  );
  const started = load(t, server.port, { origin: { host: 'two.test', port: server.port } });
  assertAll('refused', await reportAfter(5, started));
  assert.equal(server.connections, 0);
});

test('a server that never answers leaves hung requests, and their connections are closed', async (t) => {
  const closed: Promise<unknown>[] = [];
  const server = await startRawServer(t, (socket) => closed.push(once(socket, 'close')));
  const report = await reportAfter(4, load(t, server.port, { clients: 2, hungAfterMs: 50 }));
  assertAll('hung', report);
  assert.equal(report.samples[0]?.code, 'no answer');
  assert.equal(report.connectionsOpened, report.sent);
  await Promise.all(closed);
});

test('an answer that stops without an end is hung', async (t) => {
  const server = await startRawServer(t, (socket) => socket.write(OK.slice(0, -1)));
  const report = await reportAfter(2, load(t, server.port, { hungAfterMs: 50 }));
  assertAll('hung', report);
  assert.equal(report.samples[0]?.code, 'answer incomplete');
});

test('an answer which is there is not hung, however late this process reads it', async (t) => {
  const { port, flag } = await startServerThread(
    t,
    `socket.on('data', (data) => {
      const number = Number(/^GET [/](\\d+)/.exec(data.toString())[1]);
      socket.write(${JSON.stringify(OK)}, () => raise(number));
    });`,
  );
  const started = load(t, port, { hungAfterMs: 50 });
  await started.answered(1);
  // The client has sent its next request by now.
  const underWay = started.counts().sent - 1;
  blockUntil(flag, underWay);
  blockFor(100);
  const report = await started.stop();
  assert.equal(report.sent, underWay + 1);
  assert.deepEqual(
    report.samples.filter((sample) => sample.number === underWay),
    [],
  );
});

const broken: Readonly<Record<string, readonly [answer: string, code: string]>> = {
  'a body shorter than its content-length': [OK.slice(0, -1), 'FIN'],
  'a head without an end': ['HTTP/1.1 200 OK\r\nContent-Length: 0\r\n', 'FIN'],
  'a chunked body without its last chunk': [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n',
    'FIN',
  ],
  'a chunked body that ends within a chunk': [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nok',
    'FIN',
  ],
  'a chunked body without the line after its last chunk': [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n',
    'FIN',
  ],
  'an interim answer alone': ['HTTP/1.1 100 Continue\r\n\r\n', 'FIN'],
  'a body longer than its content-length': [`${OK}!`, '1 bytes beyond the end of the answer'],
  'a body where none may be': ['HTTP/1.1 204 No Content\r\n\r\nok', '2 bytes beyond the end of the answer'],
  'a chunk longer than its size': [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nok\r\n0\r\n\r\n',
    'chunk longer than its size',
  ],
  'a chunk without a size': [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nok\r\n',
    'chunk without a size',
  ],
  'two lengths': [
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok',
    'content-length 2, 3',
  ],
  'something else than HTTP': ['SSH-2.0-OpenSSH_9.6\r\n\r\n', 'not an HTTP/1.x status line'],
};

for (const [name, [answer, code]] of Object.entries(broken)) {
  test(`${name} is cut`, async (t) => {
    const server = await startRawServer(t, (socket) => socket.end(answer));
    const report = await reportAfter(5, load(t, server.port));
    assertAll('cut', report);
    assert.equal(report.samples[0]?.code, code);
    assert.equal(server.requests, report.sent);
  });
}

test('an answer broken off by a reset is cut', async (t) => {
  const server = await startRawServer(t, (socket) => {
    socket.write(OK.slice(0, -1), () => socket.resetAndDestroy());
  });
  const report = await reportAfter(5, load(t, server.port));
  assertAll('cut', report);
  // Before libuv 1.52, a reset that is there along with the bytes before it passes for a FIN.
  assert.match(report.samples[0]?.code ?? '', /^(?:ECONNRESET|FIN)$/);
});

function isOk(response: LoadResponse): boolean {
  return response.body.toString() === 'ok';
}

test('an answer without an announced end is whole after a FIN, and cut after a reset', async (t) => {
  const unannounced = 'HTTP/1.1 200 OK\r\n\r\nok';
  const whole = await startRawServer(t, (socket) => socket.end(unannounced));
  assertNothingLost(await reportAfter(5, load(t, whole.port, { check: isOk })));

  const broken = await startRawServer(t, (socket) => {
    socket.write(unannounced, () => socket.resetAndDestroy());
  });
  assertAll('cut', await reportAfter(5, load(t, broken.port, { check: isOk })));
});

const sound: Readonly<Record<string, readonly [answer: string, body: string, method?: string]>> = {
  'a body with a length': ['HTTP/1.1 200 OK\r\ncontent-length:5\r\n\r\nhello', 'hello'],
  'a body of no length': ['HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', ''],
  'chunks with an extension and trailers': [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\nB\r\n\r\n, world\r\n\r\n0\r\nX: y\r\nZ: z\r\n\r\n',
    'hello\r\n, world\r\n',
  ],
  'an answer after interim ones': [
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${OK}`,
    'ok',
  ],
  'an answer to HEAD': ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', '', 'HEAD'],
  '204': ['HTTP/1.1 204 No Content\r\n\r\n', ''],
  '304 with a length': ['HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', ''],
  'a status without a reason': ['HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n', ''],
};

for (const [name, [answer, body, method = 'GET']] of Object.entries(sound)) {
  test(`${name} is an answer, whole or byte by byte`, async (t) => {
    const server = await startRawServer(t, (socket, numberOnConnection) => {
      if (numberOnConnection % 2 === 1) socket.write(answer);
      else void writeByteByByte(socket, answer);
    });
    const report = await reportAfter(
      4,
      load(t, server.port, {
        request: () => ({ method, path: '/' }),
        check: (response) => response.body.toString() === body,
      }),
    );
    assertNothingLost(report);
    assert.equal(report.connectionsOpened, 1);
  });
}

async function writeByteByByte(socket: Socket, text: string): Promise<void> {
  for (const byte of text) {
    socket.write(byte);
    // Client and server share this event loop: within a turn the client reads what is there.
    await nextTurn();
  }
}

test('a connection closed or reset while idle is no loss, however late this process reads it', async (t) => {
  const server = await startRawServer(t, (socket) => socket.end(OK));
  const started = load(t, server.port, {
    // Once the pause has begun: it is over before the client has had a chance to read the FIN.
    thinkMs: () => {
      process.nextTick(() => blockFor(5));
      return 1;
    },
  });
  const report = await reportAfter(10, started);
  assertNothingLost(report);
  assert.equal(report.connectionsOpened, report.sent);
  assert(report.closedWhenIdle >= 9);
  assert.equal(report.resetWhenIdle, 0);

  let idle: Socket | undefined;
  const resetting = await startRawServer(t, (socket) => {
    idle = socket;
    socket.write(OK);
  });
  const thinking = load(t, resetting.port, { thinkMs: 3_600_000 });
  await thinking.answered(1);
  idle?.resetAndDestroy();
  while (thinking.counts().resetWhenIdle === 0) await nextTurn();
  const afterReset = await thinking.stop();
  assertNothingLost(afterReset);
  assert.equal(afterReset.resetWhenIdle, 1);
  assert.equal(afterReset.closedWhenIdle, 0);
});

test('bytes that follow a complete answer later make it a cut one', async (t) => {
  let idle: Socket | undefined;
  const server = await startRawServer(t, (socket) => {
    idle = socket;
    socket.write(OK);
  });
  const started = load(t, server.port, { thinkMs: 3_600_000 });
  await started.answered(1);
  assert(idle !== undefined);
  const closed = once(idle, 'close');
  idle.write('surplus');
  await closed;
  const report = await started.stop();
  assertAll('cut', report);
  assert.equal(report.samples[0]?.number, 0);
});

test('Connection: close in an answer is honoured, though the server leaves the connection open', async (t) => {
  const server = await startRawServer(t, (socket, numberOnConnection) => {
    // In a second answer it would show: nothing would come.
    if (numberOnConnection === 1) socket.write(OK.replace('\r\n', '\r\nconnection: Foo, CLOSE\r\n'));
  });
  const report = await reportAfter(10, load(t, server.port));
  assertNothingLost(report);
  assert.equal(report.connectionsOpened, report.sent);
  assert.equal(server.connections, report.sent);
  assert.equal(report.closedWhenIdle, 0);
});

test('Keep-Alive: timeout does not make the client give up a connection before the server does', async (t) => {
  const server = await startRawServer(t, (socket) => {
    socket.write(OK.replace('\r\n', '\r\nConnection: keep-alive\r\nKeep-Alive: timeout=1\r\n'));
  });
  const report = await reportAfter(10, load(t, server.port));
  assertNothingLost(report);
  assert.equal(report.connectionsOpened, 1);
});

test('HTTP/1.0 answers keep a connection only if they say so', async (t) => {
  const closing = await startRawServer(t, (socket) => socket.write(OK.replace('1.1', '1.0')));
  const fresh = await reportAfter(5, load(t, closing.port));
  assertNothingLost(fresh);
  assert.equal(fresh.connectionsOpened, fresh.sent);

  const keeping = await startRawServer(t, (socket) => {
    socket.write(OK.replace('1.1', '1.0').replace('\r\n', '\r\nConnection: keep-alive\r\n'));
  });
  const kept = await reportAfter(5, load(t, keeping.port));
  assertNothingLost(kept);
  assert.equal(kept.connectionsOpened, 1);
});

test('an answer which comes before the request is sent in full counts, and its connection is not used again', async (t) => {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.on('error', () => undefined);
    // Answers after the head, and reads no further.
    socket.once('data', () => {
      socket.pause();
      socket.write(OK);
    });
  });
  const started = load(t, await listen(t, server), {
    request: () => ({ method: 'POST', path: '/', body: Buffer.alloc(50_000_000) }),
  });
  const report = await reportAfter(2, started);
  assertNothingLost(report);
  assert.equal(connections, report.sent);
});

test('without a request of its own a load sends GET /, and more() counts from now on', async (t) => {
  const paths = new Set<string>();
  const server = createHttpServer((request, response) => {
    paths.add(`${request.method} ${request.url}`);
    response.end('ok');
  });
  const started = load(t, await listen(t, server), { request: undefined });
  await started.more(5);
  const before = started.counts().answered;
  await started.more(20);
  assert(started.counts().answered >= before + 20);
  assertNothingLost(await started.stop());
  assert.deepEqual([...paths], ['GET /']);
});

test('stop lets a request under way finish, and sends no other', async (t) => {
  const held = new EventEmitter();
  const server = await startRawServer(t, (socket) => held.emit('request', socket));
  const requested = once(held, 'request');
  const started = load(t, server.port);
  const socket: unknown = (await requested)[0];
  assert(socket instanceof Socket);
  const stopping = started.stop();
  assert.equal(started.stop(), stopping);
  await nextTurn();
  assert.equal(started.counts().sent, 1);
  assert.equal(started.counts().answered, 0);
  const closed = once(socket, 'close');
  socket.write(OK);
  const report = await stopping;
  assertNothingLost(report);
  assert.equal(report.sent, 1);
  assert.equal(server.requests, 1);
  await closed;
});

test('waiting for answers ends with the load, or when none come', async (t) => {
  const good = await startRawServer(t, (socket) => socket.write(OK));
  const stopped = load(t, good.port);
  const tooMany = assert.rejects(
    stopped.answered(1e9),
    /\d+ of 1000000000 requests answered, the load was stopped/,
  );
  await stopped.answered(1);
  const report = await stopped.stop();
  await tooMany;
  await stopped.answered(report.answered);
  await assert.rejects(stopped.answered(report.answered + 1), /the load was stopped/);

  const mute = await startRawServer(t, () => undefined);
  const stalled = load(t, mute.port, { stalledAfterMs: 50 });
  await assert.rejects(
    stalled.answered(1),
    /0 of 1 requests answered, nothing more within 50 ms: 0 lost of 1 sent/,
  );
  await assert.rejects(stalled.finished(1), /0 of 1 requests finished, nothing more within 50 ms/);
});

test('the pauses of a client follow from the seed', async (t) => {
  const server = await startRawServer(t, (socket) => socket.write(OK));
  const draw = async (seed: number) => {
    const drawn: number[] = [];
    const thinkMs = (random: () => number) => {
      drawn.push(random());
      return 0;
    };
    assertNothingLost(await reportAfter(50, load(t, server.port, { thinkMs, seed })));
    return drawn.slice(0, 50);
  };
  const [first, again, other] = [await draw(1), await draw(1), await draw(2)];
  assert.deepEqual(first, again);
  assert.notDeepEqual(first, other);
  assert.equal(new Set(first).size, 50);
  assert(first.every((value) => value >= 0 && value < 1));
});

test('an IPv6 origin', async (t) => {
  const server = createHttpServer((request, response) => response.end(request.headers.host));
  const port = await listen(t, server, '::1').catch(() => undefined);
  if (port === undefined) {
    t.skip('no IPv6 on this machine');
    return;
  }
  const started = load(t, port, {
    origin: { host: '::1', port },
    check: (response) => response.body.toString() === `[::1]:${port}`,
  });
  assertNothingLost(await reportAfter(5, started));
});
