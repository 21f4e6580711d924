import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { BelayError } from '../contracts/errors.ts';
import { replaceFile } from '../git/mirror-guard.ts';
import { defaultClaimsFolder, isHeld, listClaims, readClaim, removeClaim, whileClaimsLocked, writeClaim } from './port-claims.ts';
import { startTimeOf } from '../process/start-time.ts';
import type { PortClaim } from './port-claims.ts';
import { sizeOf } from '../contracts/port-range.ts';
import type { PortRange } from '../contracts/port-range.ts';
import { assertRunId } from './run-folders.ts';

export interface Ports {
  backend: number;
  frontend: number;
}

export interface PortRegistry {
  /** The run's ports, claimed across the machine; repeating it gives the same. Throws ports_exhausted, naming the holders. */
  claim(input: { runId: string; signal?: AbortSignal | undefined }): Promise<Ports>;
  release(input: { runId: string }): Promise<void>;
}

export interface PortRegistryOptions {
  home: string;
  backend: PortRange;
  frontend: PortRange;
  /** Holds the claims of all homes on this machine; by default one per user in the system's temporary folder. */
  folder?: string;
}

export function createPortRegistry({ home, backend, frontend, folder = defaultClaimsFolder() }: PortRegistryOptions): PortRegistry {
  const owner = resolve(home);

  async function claim({ runId, signal }: { runId: string; signal?: AbortSignal | undefined }): Promise<Ports> {
    assertRunId(runId);
    return whileClaimsLocked({ folder, signal }, async () => {
      const startTime = (await startTimeOf(process.pid)) ?? '';
      const mine = { pid: process.pid, startTime, home: owner, runId };
      const wanted = { folder, mine, preferred: preference(runId) };
      return {
        backend: await claimIn({ ...wanted, range: backend, kind: 'backend' }),
        frontend: await claimIn({ ...wanted, range: frontend, kind: 'frontend' }),
      };
    });
  }

  async function release({ runId }: { runId: string }): Promise<void> {
    await whileClaimsLocked({ folder }, async () => {
      const ours = (await listClaims(folder)).filter((claimed) => claimed.home === owner && claimed.runId === runId);
      for (const { port } of ours) await removeClaim(folder, port);
    });
  }

  return { claim, release };
}

interface Wanted {
  folder: string;
  mine: Omit<PortClaim, 'port'>;
  preferred: number;
  range: PortRange;
  kind: 'backend' | 'frontend';
}

async function claimIn({ folder, mine, preferred, range, kind }: Wanted): Promise<number> {
  const holders: string[] = [];
  for (let step = 0; step < sizeOf(range); step++) {
    const port = range.first + ((preferred + step) % sizeOf(range));
    const holder = await holderOf({ folder, port, mine });
    if (holder === undefined) {
      await writeClaim(folder, { ...mine, port });
      return port;
    }
    holders.push(`${port} ${holder}`);
  }
  throw new BelayError({
    code: 'ports_exhausted',
    message: `All ${kind} ports ${range.first}-${range.last} are taken: ${holders.join(', ')}`,
    hint: `Wait until a run ends, end what listens there, or widen BELAY_PORTS_${kind.toUpperCase()}.`,
  });
}

/** Undefined: free, or this run's own. */
async function holderOf({
  folder,
  port,
  mine,
}: {
  folder: string;
  port: number;
  mine: Omit<PortClaim, 'port'>;
}): Promise<string | undefined> {
  const claim = await readClaim(folder, port);
  const own = claim?.home === mine.home && claim.runId === mine.runId;
  // Its own server may be listening there already.
  if (own && claim.pid === mine.pid) return undefined;
  if (claim && !own && (await isHeld(claim))) return `by run ${claim.runId} of ${claim.home}`;
  return (await isFree(port)) ? undefined : 'by another program';
}

/** Where the search begins: the same for the same run, spread evenly. */
const preference = (runId: string): number => createHash('sha256').update(runId).digest().readUInt32BE();

async function isFree(port: number): Promise<boolean> {
  // In turn, for on some systems they exclude each other.
  for (const host of ['127.0.0.1', '0.0.0.0', '::1']) if (!(await canListen(port, host))) return false;
  return true;
}

async function canListen(port: number, host: string): Promise<boolean> {
  const { promise, resolve: settle } = Promise.withResolvers<boolean>();
  const server = createServer();
  // A machine without IPv6 has nobody listening there.
  server.once('error', (error: NodeJS.ErrnoException) => settle(error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT'));
  server.listen({ port, host, exclusive: true }, () => server.close(() => settle(true)));
  return promise;
}

/** In the root of a workspace; git ignores it, unless the repository has it. */
export const PORTS_FILE = '.ports.env';

/** Writes `.ports.env` into a workspace. */
export async function writePortsFile({ path, ports }: { path: string; ports: Ports }): Promise<void> {
  const lines = Object.entries(portsEnvironment(ports)).map(([name, value]) => `${name}=${value}\n`);
  await replaceFile(join(path, PORTS_FILE), lines.join(''));
}

/** The variables of `.ports.env`, for the environment of commands. */
export const portsEnvironment = ({ backend, frontend }: Ports): Record<string, string> => ({
  BACKEND_PORT: String(backend),
  FRONTEND_PORT: String(frontend),
  PORT: String(backend),
});
