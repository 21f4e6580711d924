import { createHmac } from 'node:crypto';

/** What proves to the receiver that a delivery is ours and new: HMAC-SHA256, in hex, over the time, a dot, and the body's bytes as sent. */
export function signatureOf({ secret, timestamp, body }: { secret: string; timestamp: string; body: string }): string {
  return `sha256=${createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex')}`;
}
