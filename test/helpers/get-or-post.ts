// A load of two kinds in turn: small requests, and bodies of 16 KB that must come back as they were.
import type { LoadOptions } from './load-client.ts';

const BODY = Buffer.alloc(16 * 1024, 'fastify-clustered ');

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
