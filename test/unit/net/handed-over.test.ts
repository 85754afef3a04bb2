// What systemd hands over, and where the service listens then.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { handedOver } from '../../../src/net/handed-over.ts';
import { placesOf } from '../../../src/net/places.ts';
import { validated } from '../options/validated.ts';

const PID = 4_711;

const env = (names: string, count: number, pid = PID): Record<string, string> => ({
  LISTEN_PID: String(pid),
  LISTEN_FDS: String(count),
  LISTEN_FDNAMES: names,
});

/** Name or descriptor of each place. */
function where(listen: unknown, variables: Record<string, string>): readonly unknown[] {
  const { places } = placesOf(validated({ listen }).listen, handedOver(variables, PID));
  return places.map((place) => [place.type === 'descriptor' ? place.fd : place.type, place.name]);
}

function unused(listen: unknown, variables: Record<string, string>): unknown {
  return placesOf(validated({ listen }).listen, handedOver(variables, PID)).unused;
}

suite('sockets handed over', () => {
  test('S104: the descriptors from 3 on, with their names', () => {
    assert.deepEqual(handedOver(env('web.socket:metrics', 2), PID), {
      descriptors: [
        { fd: 3, name: 'web.socket' },
        { fd: 4, name: 'metrics' },
      ],
      toOther: null,
    });
    assert.deepEqual(handedOver({ LISTEN_PID: String(PID), LISTEN_FDS: '1' }, PID).descriptors, [
      { fd: 3, name: '' },
    ]);
  });

  for (const [what, variables] of [
    ['nothing', {}],
    ['no pid', { LISTEN_FDS: '1' }],
    ['no number', { LISTEN_FDS: 'x', LISTEN_PID: String(PID) }],
    ['none', { LISTEN_FDS: '0', LISTEN_PID: String(PID) }],
  ] as const) {
    test(`${what} -> none`, () => {
      assert.deepEqual(handedOver(variables, PID), { descriptors: [], toOther: null });
    });
  }

  test('S104: the app serves those that systemd has named itself, whoever takes the name the others', () => {
    assert.deepEqual(where(undefined, env('web.socket:metrics:unknown', 3)), [
      [3, null],
      [4, 'metrics'],
      [5, null],
    ]);
  });

  test('they come before PORT, and with the backlog that the code says', () => {
    const { listen } = validated({ listen: { backlog: 7 } }, { env: { PORT: '80' } });
    const { places } = placesOf(listen, handedOver(env('', 1), PID));
    assert.deepEqual(
      places.map(({ type, backlog }) => [type, backlog]),
      [['descriptor', 7]],
    );
  });

  test('what the code says comes first, and that descriptors are not used is told', () => {
    assert.deepEqual(where({ port: 80 }, env('web.socket', 1)), [['tcp', null]]);
    assert.match(
      String(Reflect.get(Object(unused({ port: 80 }, env('web.socket', 1))), 'explanation')),
      /listen\.fd/,
    );
    const listen = [{ fd: 'http' }, { fd: 4, name: 'metrics' }];
    assert.deepEqual(where(listen, env('http:other:http', 3)), [
      [3, null],
      [5, null],
      [4, 'metrics'],
    ]);
    assert.equal(unused(listen, env('http:other:http', 3)), null);
    assert.equal(unused(undefined, env('http.socket', 1)), null);
  });

  test('handed over to another process, such as npm -> not used, and told', () => {
    assert.deepEqual(where(undefined, env('web.socket', 1, 12)), [['tcp', null]]);
    assert.match(
      String(Reflect.get(Object(unused(undefined, env('web.socket', 1, 12))), 'explanation')),
      /^LISTEN_PID is 12, which is not this process: .*such as npm/,
    );
  });

  test('a name that was not handed over, or none for the app: an error that says what there is', () => {
    for (const [listen, names, message] of [
      [{ fd: 'http' }, 'web:metrics', /'http'.*LISTEN_FDNAMES.*these were handed over: web, metrics$/],
      [undefined, 'web:metrics', /\(web, metrics\): each has a name.*listen: \{ fd: 'web' \}$/],
    ] as const) {
      assert.throws(() => where(listen, env(names, 2)), { code: 'FST_CLUSTERED_LISTEN_FAILED', message });
    }
    assert.throws(() => where({ fd: 'http' }, {}), { message: /none was handed over$/ });
  });
});
