// A client that sends exactly the bytes that the test gives it.
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Service } from './service.ts';

export const HOST = '127.0.0.1';

export const GET = get('/');

export function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
}

export async function open(service: Service): Promise<Socket> {
  const socket = connect(await service.port(), HOST);
  await once(socket, 'connect');
  return socket;
}

/** Resolves when the connection has ended, by a FIN or by a reset. */
export async function endOf(socket: Socket): Promise<void> {
  socket.resume();
  socket.on('error', () => undefined);
  await once(socket, 'close');
}

/** Resolves with what has come once the pattern fits; rejects when the connection ends before. */
export function received(socket: Socket, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let sofar = '';
    const ended = (): void => reject(new Error(`the connection ended after: ${sofar}`));
    const data = (chunk: Buffer): void => {
      sofar += chunk.toString();
      if (!pattern.test(sofar)) return;
      socket.removeListener('data', data);
      socket.removeListener('close', ended);
      socket.pause();
      resolve(sofar);
    };
    socket.on('data', data).once('close', ended).resume();
  });
}
