import { findTemporalCli, temporalCacheDir } from '../../src/temporal/cli-binary.ts';
import type { TemporalCli } from '../../src/temporal/cli-binary.ts';

/** Temporal's CLI as Belay itself finds it; the first time ever on a machine it is downloaded or built. */
export async function temporalCli(): Promise<TemporalCli> {
  const { env } = process;
  return findTemporalCli({ explicit: env['BELAY_TEMPORAL_CLI'], env, cacheDir: temporalCacheDir(env) });
}
