// Makes one HTTP/1.1 response the last one of its connection, whatever headers the app gives it.
//
// `shouldKeepAlive = false` alone does not: Node lets a `Connection` header of the app's decide, and proxies copy
// `keep-alive` from their upstream. Every way to give a response its headers ends in this one method of Node's, which has
// been there in all its versions; a test pins it.
import type { ServerResponse } from 'node:http';

const STORE_HEAD = '_storeHeader';

/** Headers as writeHead takes them: by name, flat, or as pairs. */
type Given = Readonly<Record<string, unknown>> | readonly unknown[] | null | undefined;

/** Returns what takes it back: to no effect once the head is sent. */
export function makeLast(response: ServerResponse): () => void {
  const { shouldKeepAlive } = response;
  const store: unknown = Reflect.get(response, STORE_HEAD);
  response.shouldKeepAlive = false;
  if (typeof store === 'function') {
    Reflect.set(response, STORE_HEAD, (statusLine: string, headers: Given): unknown => {
      // The connection becomes another one, and the app's own.
      if (response.statusCode === 101) {
        response.shouldKeepAlive = shouldKeepAlive;
        return store.call(response, statusLine, headers);
      }
      return store.call(response, statusLine, closing(response, headers));
    });
  }
  return () => {
    Reflect.set(response, STORE_HEAD, store);
    response.shouldKeepAlive = shouldKeepAlive;
  };
}

function closing(response: ServerResponse, headers: Given): Given {
  // Once a header was set by itself, Node keeps all of them, and gives what it keeps.
  if (response.getHeaderNames().length > 0) {
    response.setHeader('Connection', withClose([response.getHeader('Connection')]));
    response.removeHeader('Keep-Alive');
    return headers;
  }
  const given = pairs(headers);
  const options = given.filter(([name]) => isNamed(name, 'connection')).map(([, value]) => value);
  const others = given.filter(([name]) => !isNamed(name, 'connection') && !isNamed(name, 'keep-alive'));
  return [...others, ['Connection', withClose(options)]];
}

function pairs(headers: Given): readonly (readonly [name: unknown, value: unknown])[] {
  if (!Array.isArray(headers)) return Object.entries(headers ?? {});
  if (Array.isArray(headers[0])) return headers.map(([name, value]) => [name, value]);
  return headers.flatMap((name, index) => (index % 2 === 0 ? [[name, headers[index + 1]] as const] : []));
}

function isNamed(name: unknown, lowerCase: string): boolean {
  return String(name).toLowerCase() === lowerCase;
}

/** What else the app says of the connection stays: intermediaries go by it (RFC 9110, section 7.6.1). */
function withClose(values: readonly unknown[]): string {
  const options = values
    .flat()
    .flatMap((value) => (typeof value === 'string' ? value.split(',') : []))
    .map((option) => option.trim())
    .filter((option) => option !== '' && !/^(close|keep-alive)$/i.test(option));
  return [...options, 'close'].join(', ');
}
