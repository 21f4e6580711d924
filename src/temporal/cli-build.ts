import { execa } from 'execa';
import { findExecutable } from '../process/executable.ts';
import type { InstallRequest } from './cli-binary.ts';

const MODULE = 'github.com/temporalio/cli';
/** Two and a half minutes on two cores; a slow machine on a slow line may need far longer. */
const BUILD_MS = 30 * 60_000;
const SAY_EVERY_MS = 10_000;

/** Builds the CLI with Go from its own module. Rejects where there is no Go, or it cannot. */
export async function buildCli({ version, into, env, onProgress, signal }: InstallRequest): Promise<void> {
  const go = findExecutable('go', { path: env['PATH'], cwd: into });
  if (!go) throw new Error('Go, which could build it, is not on the PATH');
  const started = performance.now();
  let packages = 0;
  const say = (): void => {
    const seconds = Math.round((performance.now() - started) / 1000);
    const soFar =
      seconds > 0 ? ` (${seconds} s${packages > 0 ? `, ${packages} packages` : ''})` : ', which takes some minutes the first time';
    onProgress({ phase: 'building', message: `building Temporal ${version} with Go${soFar}` });
  };
  say();
  const timer = setInterval(say, SAY_EVERY_MS);
  try {
    const child = execa(go, installArguments(version), {
      env: { ...env, GOBIN: into },
      extendEnv: false,
      stdin: 'ignore',
      reject: false,
      timeout: BUILD_MS,
      killDescendants: true,
      ...(signal && { cancelSignal: signal }),
    });
    let lastLine = '';
    for await (const line of child.iterable({ from: 'stderr' })) {
      packages++;
      lastLine = line;
    }
    const { failed, timedOut } = await child;
    signal?.throwIfAborted();
    if (timedOut) throw new Error(`building Temporal ${version} with Go took longer than ${BUILD_MS / 60_000} minutes`);
    if (failed) throw new Error(`building Temporal ${version} with Go failed: ${lastLine}`);
  } finally {
    clearInterval(timer);
  }
}

/** Without the flag it would call itself 0.0.0-DEV. `-v` names each package as it is compiled. */
function installArguments(version: string): string[] {
  return ['install', '-v', '-ldflags', `-X ${MODULE}/temporalcli.Version=${version}`, `${MODULE}/cmd/temporal@v${version}`];
}
