// What HTTP/1.1 is doing on a connection, read from the fields in which Node itself keeps it.
//
// To remember it from request to request would cost each of them, and keep the last response of every idle connection
// in memory. Node has had these fields in all its versions; a test pins what is read from them.
import { IncomingMessage, ServerResponse } from 'node:http';
import type net from 'node:net';

/** The response that is being sent, or is the next to be; those to pipelined requests queue behind it. */
export function currentResponse(socket: net.Socket): ServerResponse | null {
  const response: unknown = Reflect.get(socket, '_httpMessage');
  return response instanceof ServerResponse ? response : null;
}

/** The newest request, as long as it is not read to its end and answered. */
export function newestRequest(socket: net.Socket): IncomingMessage | null {
  const request: unknown = Reflect.get(Object(parserOf(socket)), 'incoming');
  return request instanceof IncomingMessage ? request : null;
}

/** A connection that was upgraded, or speaks HTTP/2, has no such parser: its silence means nothing. */
export function isHttp1(socket: net.Socket): boolean {
  return socket.bytesRead === 0 || parserOf(socket) instanceof Object;
}

function parserOf(socket: net.Socket): unknown {
  return Reflect.get(socket, 'parser');
}
