import { once } from 'node:events';
import { join } from 'node:path';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import S3rver from '@20minutes/s3rver';
import { temporaryDirectory } from './temporary-directory.ts';

/** A store that speaks S3, on loopback, and refuses what is not signed with its key. */
export interface S3Server extends AsyncDisposable {
  /** What Belay is told of it; its bucket is `artifacts`. */
  readonly env: Record<string, string>;
  readonly endpoint: string;
  /** What is in the bucket. */
  keys(): Promise<string[]>;
  stop(): Promise<void>;
  /** It takes calls from now on, and answers none of them. */
  silence(): void;
  /** At the same address, with what it had. */
  start(): Promise<void>;
}

const BUCKET = 'artifacts';
/** The one that the server knows. */
const KEY = 'S3RVER';

export async function startS3Server(): Promise<S3Server> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryDirectory());
  let running = await serve(folder.path, 0);
  const { port } = running;
  const endpoint = `http://127.0.0.1:${port}`;
  const client = new S3Client({
    endpoint,
    forcePathStyle: true,
    region: 'us-east-1',
    credentials: { accessKeyId: KEY, secretAccessKey: KEY },
  });
  stack.defer(() => client.destroy());
  const kept = stack.move();
  return {
    endpoint,
    env: { BELAY_ARTIFACTS_URL: `s3://${BUCKET}/belay`, AWS_ENDPOINT_URL_S3: endpoint, AWS_ACCESS_KEY_ID: KEY, AWS_SECRET_ACCESS_KEY: KEY },
    async keys() {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: BUCKET }));
      return Contents.flatMap(({ Key }) => Key ?? []);
    },
    stop: () => running.stop(),
    silence: () => running.silence(),
    async start() {
      running = await serve(folder.path, port);
    },
    async [Symbol.asyncDispose]() {
      await running.stop();
      await kept.disposeAsync();
    },
  };
}

async function serve(folder: string, port: number): Promise<{ port: number; stop(): Promise<void>; silence(): void }> {
  const server = new S3rver({
    address: '127.0.0.1',
    port,
    directory: join(folder, 'data'),
    silent: true,
    configureBuckets: [{ name: BUCKET }],
  });
  // Calls about a bucket are signed with a slash at the end of their path, which the server would leave out; before the router, last.
  server.middleware.splice(-1, 0, (call, next) => {
    if (/^\/[^/]+\/$/.test(call.path)) {
      call.state.vhost = true;
      call.mountPath = '/';
    }
    return next();
  });
  const address = await server.run();
  return {
    port: address.port,
    silence: () => void server.httpServer.removeAllListeners('request'),
    async stop() {
      if (!server.httpServer.listening) return;
      const closed = once(server.httpServer, 'close');
      server.httpServer.close();
      server.httpServer.closeAllConnections();
      await closed;
    },
  };
}
