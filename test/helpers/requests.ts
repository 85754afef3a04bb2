// What the clients of a load ask for, with a check of each answer. The routes are those of fixtures/app.js.
import type { LoadOptions } from './load-client.ts';

const BODY = Buffer.alloc(16 * 1024, 'fastify-clustered ');

/** In turn: small requests, and bodies of 16 KB that must come back as they were. */
export const getOrPost = {
  connections: 'kept-alive',
  request: (number) =>
    number % 2 === 0
      ? { method: 'GET', path: '/' }
      : {
          method: 'POST',
          path: '/echo',
          body: BODY,
          headers: { 'content-type': 'application/octet-stream' },
        },
  check: ({ body }, { method }) => method === 'GET' || body.equals(BODY),
} as const satisfies Partial<LoadOptions>;

/** The whole answer of `/chunks` and `/stream`. */
export const CHUNKS = '0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n';

/** Answers that begin at once and end after that time, in ten chunks. */
export const chunked = (msOf: (number: number) => number) =>
  ({
    request: (number) => ({ method: 'GET', path: `/chunks?ms=${msOf(number)}` }),
    check: ({ body }) => body.toString() === CHUNKS,
  }) as const satisfies Partial<LoadOptions>;

/** Answers that begin after that time. */
export const slow = (msOf: (number: number) => number) =>
  ({
    request: (number) => ({ method: 'GET', path: `/slow?ms=${msOf(number)}` }),
  }) as const satisfies Partial<LoadOptions>;
