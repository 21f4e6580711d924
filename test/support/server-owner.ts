/** Owns an embedded Temporal server until it is killed. Arguments: home, program. Says its address. */
import { startDevServer } from '../../src/temporal/dev-server.ts';

const [home = '', path = ''] = process.argv.slice(2);
const server = await startDevServer({ home, cli: { path, version: '1.5.1', serverVersion: '1.29.1', source: 'configured' } });
process.stdout.write(`${server.address}\n`);
await server.ended;
