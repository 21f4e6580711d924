import type { Config } from './config.ts';
import type { Ledger } from './ledger/ledger.ts';
import { createRunFiles } from './run-files/run-files.ts';
import type { ArtifactStore } from './run-files/store/artifact-store.ts';
import { createFolderStore } from './run-files/store/folder-store.ts';
import { createS3Store } from './run-files/store/s3-store.ts';
import { shareFiles } from './upkeep/shared-files.ts';
import type { SharedFiles } from './upkeep/shared-files.ts';

/** A key in a file may be changed while Belay runs. */
const KEY_MS = 5 * 60_000;

/** The store that this installation names, if any. */
export function artifactStoreOf({ artifacts: place }: Pick<Config, 'artifacts'>): ArtifactStore | undefined {
  if (!place) return undefined;
  if ('folder' in place) return createFolderStore(place);
  const { credentials, ...rest } = place;
  if (!credentials) return createS3Store(rest);
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  return createS3Store({
    ...rest,
    credentials: async () => ({
      accessKeyId: accessKeyId.current() ?? '',
      secretAccessKey: secretAccessKey.current() ?? '',
      ...(sessionToken ? { sessionToken: sessionToken.current() ?? '' } : {}),
      expiration: new Date(Date.now() + KEY_MS),
    }),
  });
}

interface FilesRequest {
  config: Pick<Config, 'home' | 'artifacts'>;
  ledger: Ledger;
  onProblem: (error: unknown, message: string) => void;
}

/** The files of runs, and the ledger that knows of them: with a store, both take care that other hosts get to see them. */
export function composeFiles({ config, ledger, onProblem }: FilesRequest): SharedFiles & { store?: ArtifactStore } {
  const { home } = config;
  const store = artifactStoreOf(config);
  const files = createRunFiles({ home, store });
  if (!store) return { ledger, files, [Symbol.asyncDispose]: () => Promise.resolve() };
  return { store, ...shareFiles({ home, store, ledger, files, onProblem }) };
}
