import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

/** Bytes as they are, without what a client would add or mend, and all that is answered until the server ends the connection. */
export async function sendRaw(url: string, bytes: string | Uint8Array): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(bytes);
  return text(socket);
}

/** Of one answer after the other. */
export const statusesOf = (answers: string): number[] => [...answers.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
