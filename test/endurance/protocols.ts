// Over what clients and service speak: for each protocol the service that does, and how its loads are started.
import type { ServiceOptions } from '../helpers/service.ts';
import { startHttp2Load } from '../helpers/http2-load.ts';
import type { Http2LoadOptions, Http2Report } from '../helpers/http2-load.ts';
import { startLoad } from '../helpers/load-client.ts';
import { LOSSES, describeLosses } from '../helpers/load-report.ts';
import type { LoadCounts, LoadReport } from '../helpers/load-report.ts';
import { getOrPost } from '../helpers/requests.ts';
import type { Service } from '../helpers/service.ts';
import { LOADS } from './modes.ts';

const COUNTED = ['sent', 'lost', ...LOSSES] as const;

/** What is added up. */
export interface Counts extends Pick<LoadCounts, (typeof COUNTED)[number]> {
  /** Refused as not processed by HTTP/2, and so safe to repeat: no loss. */
  readonly unprocessed: number;
  readonly repeated: number;
}

export interface Running {
  more(requests: number): Promise<void>;
  sent(): number;
  /** May be called twice. */
  stop(): Promise<{ readonly counts: Counts; readonly losses: string }>;
}

export interface LoadMode {
  readonly name: string;
  /** How many requests are under way at once. */
  readonly clients: number;
  start(service: Service): Promise<Running>;
}

export interface Protocol {
  readonly service: Pick<ServiceOptions, 'fixture' | 'env'>;
  readonly loads: readonly LoadMode[];
}

const TLS = { servername: 'localhost', rejectUnauthorized: false } as const;

export const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  http: { service: {}, loads: http1(undefined) },
  https: { service: { fixture: 'tls.js' }, loads: http1(TLS) },
  http2: { service: { fixture: 'http2.js' }, loads: http2('http') },
  'http2-tls': { service: { fixture: 'http2.js', env: { TLS: 'yes' } }, loads: http2('https') },
};

function http1(tls: typeof TLS | undefined): readonly LoadMode[] {
  return LOADS.map(({ name, load }) => ({
    name,
    clients: load.clients,
    async start(service) {
      const running = startLoad({ ...load, tls, origin: await service.origin() });
      return {
        more: (requests) => running.more(requests),
        sent: () => running.counts().sent,
        async stop() {
          const report = await running.stop();
          return { counts: countsOf(report), losses: describeLosses(report) };
        },
      };
    },
  }));
}

function countsOf(report: LoadReport): Counts {
  return { ...report, unprocessed: 0, repeated: 0 };
}

type Mix = Pick<Http2LoadOptions, 'sessions' | 'streams' | 'connections'>;

function http2(scheme: string): readonly LoadMode[] {
  const mixes: readonly (Mix & { readonly name: string })[] = [
    { name: 'a session for each request', sessions: 12, streams: 1, connections: 'fresh' },
    { name: 'kept sessions, one stream', sessions: 16, streams: 1, connections: 'kept' },
    { name: 'kept sessions, eight streams', sessions: 8, streams: 8, connections: 'kept' },
  ];
  const { request, check } = getOrPost;
  return mixes.map(({ name, ...mix }) => ({
    name: `${name}, GET and POST of 16 KB`,
    clients: mix.sessions * mix.streams,
    async start(service) {
      const origin = `${scheme}://127.0.0.1:${await service.port()}`;
      const running = startHttp2Load({ ...mix, request, check, origin });
      return {
        more: (requests) => running.more(requests),
        sent: () => running.counts().sent,
        async stop() {
          const report = await running.stop();
          return { counts: countsOfHttp2(report), losses: JSON.stringify(report, null, 2) };
        },
      };
    },
  }));
}

/** HTTP/2 does not tell more of what is lost. */
function countsOfHttp2({ sent, lost, refused, hung, unprocessed, repeated }: Http2Report): Counts {
  const reset = lost - refused - hung;
  return { sent, lost, refused, hung, reset, cut: 0, serverError: 0, wrongAnswer: 0, unprocessed, repeated };
}
