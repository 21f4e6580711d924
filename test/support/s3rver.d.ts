/** What the package, which has no types, is used for here. */
declare module '@20minutes/s3rver' {
  import type { Server } from 'node:http';

  interface Call {
    path: string;
    state: { vhost?: boolean };
    mountPath?: string;
  }

  export default class S3rver {
    constructor(options: { address: string; port: number; directory: string; silent: boolean; configureBuckets: { name: string }[] });
    middleware: ((call: Call, next: () => Promise<void>) => Promise<void>)[];
    httpServer: Server;
    run(): Promise<{ port: number }>;
  }
}
