import { existsSync } from 'node:fs';
import { composeEngines } from '../compose-engines.ts';
import { artifactStoreOf } from '../compose-artifacts.ts';
import { composeGitHub } from '../compose-forges.ts';
import type { Config } from '../config.ts';
import { BelayError } from '../contracts/errors.ts';
import type { RepositoryRef } from '../contracts/repository.ts';
import type { TokenRecord } from '../contracts/service-records.ts';
import { checkSecrets } from '../doctor-secrets.ts';
import { diagnose, formatFindings } from '../doctor.ts';
import type { Finding } from '../doctor.ts';
import { inspectRepository, originAddress } from '../git/user-repository.ts';
import { gitHubRepository } from '../intake/repository-name.ts';
import { openLedger } from '../ledger/open-ledger.ts';
import { temporalCacheDir } from '../temporal/cli-binary.ts';
import { localTarget, namedTarget } from '../temporal/connection.ts';
import { readDevState } from '../temporal/state-file.ts';
import type { Terminal } from './terminal.ts';
import { EXIT } from './terminal.ts';

/** `belay doctor`: what Belay needs on this machine, and how to mend what is missing. */
export async function doctor(
  { config, env, terminal }: { config: Config; env: NodeJS.ProcessEnv; terminal: Terminal },
  { json }: { json: boolean },
): Promise<number> {
  const running = await readDevState(config.home);
  const named = namedTarget(config, env);
  const client = composeGitHub(config, env);
  const looked = await diagnose({
    home: config.home,
    env,
    engines: Object.values(composeEngines(config, env)),
    defaultEngine: config.engine.name,
    cli: {
      explicit: config.temporal.cli,
      env,
      cacheDir: temporalCacheDir(env),
    },
    worker: config,
    bounds: { ...config.bounds, workspaces: config.workspaces.max },
    store: artifactStoreOf(config),
    gitHub: { client, repository: await repositoryHere(client) },
    target: named ?? (running ? localTarget(running.address, running.namespace) : undefined),
  });
  const findings = [...looked, ...(await secretFindings(config))];
  if (json) terminal.out(JSON.stringify(findings, undefined, 2));
  // Its colours are ours.
  else terminal.exact(formatFindings(findings, { color: terminal.live }));
  return findings.some(({ status }) => status === 'problem') ? EXIT.failed : EXIT.ok;
}

async function secretFindings(config: Config): Promise<Finding[]> {
  const { secrets, secretAgeMs: maxAgeMs } = config;
  try {
    return await checkSecrets({ secrets, maxAgeMs, tokens: await tokensOf(config) });
  } catch (error) {
    if (!(error instanceof BelayError)) throw error;
    const ledger: Finding = { check: 'ledger', status: 'problem', detail: error.message, hint: error.hint };
    return [ledger, ...(await checkSecrets({ secrets, maxAgeMs, tokens: undefined }))];
  }
}

/** Where there is no ledger yet, none is made. */
async function tokensOf({ database }: Config): Promise<TokenRecord[] | undefined> {
  if ('path' in database && !existsSync(database.path)) return undefined;
  await using ledger = await openLedger(database);
  return await ledger.listTokens();
}

/** The origin of the working directory; undefined where that is no clone of something on GitHub. */
async function repositoryHere({ host }: { host: string }): Promise<RepositoryRef | undefined> {
  const checkout = await inspectRepository(process.cwd()).catch(() => undefined);
  const address = checkout && (await originAddress(checkout.root));
  return address !== undefined && /[:@]/.test(address) ? gitHubRepository(address, { host }) : undefined;
}
