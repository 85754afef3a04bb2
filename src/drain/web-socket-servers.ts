// Finds the servers of @fastify/websocket: the plugin decorates the app with `websocketServer`, or the context that it was
// registered in, if that is an encapsulated one.
import type { ServableApp } from '../app/app.ts';

/** What the drain needs of the `WebSocketServer` of the package ws. */
export interface WebSocketServer {
  readonly clients: ReadonlySet<WebSocketClient>;
}

/** What the drain needs of a `WebSocket` of the package ws. */
export interface WebSocketClient {
  readonly readyState: number;
  readonly bufferedAmount: number;
  close(code: number): void;
  terminate(): void;
}

export function webSocketServersOf(app: ServableApp): readonly WebSocketServer[] {
  // A context inherits the decorators of those around it.
  const decorators = new Set(contexts(app).map((context) => Reflect.get(context, 'websocketServer')));
  return [...decorators].filter(isWebSocketServer);
}

/** The app, and the contexts inside of it. Fastify keeps them under a symbol; a test pins it. */
function contexts(app: object): readonly object[] {
  const symbol = Object.getOwnPropertySymbols(app).find(
    ({ description }) => description === 'fastify.children',
  );
  const children: unknown = symbol && Reflect.get(app, symbol);
  return [app, ...(Array.isArray(children) ? children.flatMap(contexts) : [])];
}

/** Any decorator may have this name, and a server need not track its clients. */
function isWebSocketServer(value: unknown): value is WebSocketServer {
  const { clients, handleUpgrade }: Record<string, unknown> = Object(value);
  return clients instanceof Set && typeof handleUpgrade === 'function';
}
