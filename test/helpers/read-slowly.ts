// A client that reads a little at a time, so that most of an answer waits on the server's side, and sends something meanwhile.
import { once } from 'node:events';
import type { Socket } from 'node:net';

/** With each piece that it reads it sends this. Settles when the connection is closed. */
export async function readSlowly(
  client: Socket,
  sent: string | Buffer,
): Promise<{ readonly bytes: number; readonly error: Error | undefined }> {
  let bytes = 0;
  let error: Error | undefined;
  client.on('error', (happened) => {
    error = happened;
  });
  client.on('data', (chunk) => {
    bytes += chunk.length;
    client.write(sent);
    client.pause();
    setTimeout(() => client.resume(), 2);
  });
  await once(client, 'close').catch(() => undefined);
  return { bytes, error };
}
