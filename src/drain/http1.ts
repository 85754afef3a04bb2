// Reads what HTTP/1.1 is doing on a connection, from the fields in which Node itself keeps it.
//
// To track it from request to request would cost time in each, and keep the last response of every idle connection in
// memory. All supported versions of Node have these fields; a test pins what is read from them.
import { IncomingMessage, ServerResponse } from 'node:http';
import type net from 'node:net';

/** The response that is being sent, or will be sent next. The responses to pipelined requests queue behind it. */
export function currentResponse(socket: net.Socket): ServerResponse | null {
  const response: unknown = Reflect.get(socket, '_httpMessage');
  return response instanceof ServerResponse ? response : null;
}

/** The newest request, until it is completely read and answered. */
export function newestRequest(socket: net.Socket): IncomingMessage | null {
  const request: unknown = Reflect.get(Object(parserOf(socket)), 'incoming');
  return request instanceof IncomingMessage ? request : null;
}

/** A request of HTTP/1.1 has come on this connection, or may come: it is neither upgraded nor one of HTTP/2. */
export function speaksHttp1(socket: net.Socket): boolean {
  return parserOf(socket) instanceof Object;
}

/** An upgraded connection, or one of HTTP/2, has no such parser: that it sends no request does not make it idle. */
export function isHttp1(socket: net.Socket): boolean {
  return socket.bytesRead === 0 || speaksHttp1(socket);
}

/**
 * The client has switched to another protocol. Node takes the parser of such a connection back, and leaves null behind; a
 * connection of HTTP/2, or one that carries TLS, never had one.
 */
export function isUpgraded(socket: net.Socket): boolean {
  return parserOf(socket) === null && socket.bytesWritten > 0;
}

function parserOf(socket: net.Socket): unknown {
  return Reflect.get(socket, 'parser');
}
