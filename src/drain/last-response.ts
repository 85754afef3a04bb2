// Makes one HTTP/1.1 response the last one of its connection, whatever headers the app sets.
//
// `shouldKeepAlive = false` is not enough: if the app sets a `Connection` header, Node goes by that, and proxies copy
// `keep-alive` from their upstream. Every way to set the headers of a response ends in the method `_storeHeader`, which all
// supported versions of Node have; a test pins it.
import type { ServerResponse } from 'node:http';

const STORE_HEAD = '_storeHeader';

/** Headers as writeHead takes them: an object, a flat array of names and values, or pairs. */
type RawHeaders = Readonly<Record<string, unknown>> | readonly unknown[] | null | undefined;

/** Returns the function that undoes it. Once the head is sent, that has no effect. */
export function makeLast(response: ServerResponse): () => void {
  const { shouldKeepAlive } = response;
  const store: unknown = Reflect.get(response, STORE_HEAD);
  response.shouldKeepAlive = false;
  if (typeof store === 'function') {
    Reflect.set(response, STORE_HEAD, (statusLine: string, headers: RawHeaders): unknown => {
      // Switching Protocols: from now on the connection belongs to the app.
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

function closing(response: ServerResponse, headers: RawHeaders): RawHeaders {
  // If the app has called setHeader, Node has stored the headers, and sends what it has stored.
  if (response.getHeaderNames().length > 0) {
    response.setHeader('Connection', withClose([response.getHeader('Connection')]));
    response.removeHeader('Keep-Alive');
    return headers;
  }
  const all = pairs(headers);
  const options = all.filter(([name]) => isNamed(name, 'connection')).map(([, value]) => value);
  const others = all.filter(([name]) => !isNamed(name, 'connection') && !isNamed(name, 'keep-alive'));
  return [...others, ['Connection', withClose(options)]];
}

function pairs(headers: RawHeaders): readonly (readonly [name: unknown, value: unknown])[] {
  if (!Array.isArray(headers)) return Object.entries(headers ?? {});
  if (Array.isArray(headers[0])) return headers.map(([name, value]) => [name, value]);
  return headers.flatMap((name, index) => (index % 2 === 0 ? [[name, headers[index + 1]] as const] : []));
}

function isNamed(name: unknown, lowerCase: string): boolean {
  return String(name).toLowerCase() === lowerCase;
}

/** The app's other connection options stay: intermediaries go by them (RFC 9110, section 7.6.1). */
function withClose(values: readonly unknown[]): string {
  const options = values
    .flat()
    .flatMap((value) => (typeof value === 'string' ? value.split(',') : []))
    .map((option) => option.trim())
    .filter((option) => option !== '' && !/^(close|keep-alive)$/i.test(option));
  return [...options, 'close'].join(', ');
}
