import { detectSetup, detectTestCommand } from '../checks/detect.ts';
import { detectSetupCache } from '../checks/detect-setup-cache.ts';
import { runnerOf } from '../checks/runners.ts';
import { BelayError } from '../contracts/errors.ts';
import type { RunSettings } from '../contracts/run-state.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import type { Mirror } from '../git/mirror.ts';
import { parseRepositorySettings, SETTINGS_FILE } from '../repository-settings.ts';
import type { RepositorySettings } from '../repository-settings.ts';

/** What reviews look for, unless the settings name another file. */
const REVIEW_CRITERIA = '.belay/review.md';

/** What a host needs of the settings to prepare a workspace, and what the run decides by. */
export interface HostSettings {
  /** What the file says, as it is. */
  named: RepositorySettings;
  setup: string[];
  /** Folders that runs share after their setup. */
  setupCache: string[];
  run: RunSettings;
}

/** What the repository says about itself on its base, with what Belay detects where it says nothing. */
export async function readSettings(mirror: Mirror, baseSha: string): Promise<HostSettings> {
  const text = await mirror.readFile({ commit: baseSha, path: SETTINGS_FILE });
  const named = parseRepositorySettings(text ?? '', { source: SETTINGS_FILE });
  const folder = named.workingDirectory;
  const readFile = (path: string) => mirror.readFile({ commit: baseSha, path: folder ? `${folder}/${path}` : path });
  const files = await filesIn(mirror, baseSha, folder);
  const detected = named.test ? undefined : await detectTestCommand({ files, readFile });
  const checks = named.test?.map((command) => ({ command, runner: runnerOf(command) })) ?? (detected ? [detected] : []);
  const setup = named.setup ?? (await detectSetup({ files, readFile }))?.commands ?? [];
  const reason = named.test ? `set in ${SETTINGS_FILE}` : (detected?.reason ?? `no test command was found; name one in ${SETTINGS_FILE}`);
  const setupCache = named.setupCache ?? (await detectSetupCache({ commands: setup, files, readFile }));
  const usual = folder
    ? (await mirror.readFile({ commit: baseSha, path: REVIEW_CRITERIA })) !== undefined
    : files.includes(REVIEW_CRITERIA);
  const reviewCriteria = named.reviewCriteria ?? (usual ? REVIEW_CRITERIA : undefined);
  return {
    named,
    setup,
    setupCache,
    run: {
      checks: checks.map(({ command, runner }) => ({ command, runner })),
      checksReason: reason,
      ...runSettings(named),
      ...withoutUndefined({ reviewCriteria }),
    },
  };
}

/** Settings that need nothing detected; what the repository leaves open has its default here. */
function runSettings(named: RepositorySettings): Omit<RunSettings, 'checks' | 'checksReason'> {
  const { phasesOff, phasesOn, byPhase, protectedPaths, engine, model, failover, workingDirectory, workspace } = named;
  const { checkpoints, issueLabels, approve, secretsAllowed } = named;
  const { setupMs: _ours, ...limits } = named.limits;
  return {
    limits,
    phasesOff,
    phasesOn,
    byPhase,
    protectedPaths,
    baseline: named.baseline ?? 'known',
    onReviewCrash: named.onReviewCrash ?? 'draft',
    updateBase: named.updateBase ?? 'rebase',
    pullRequest: { draft: 'never', reviewers: [], labels: [], ...named.pullRequest },
    ...withoutUndefined({ engine, model, failover, workingDirectory, workspace, checkpoints, issueLabels, approve, secretsAllowed }),
  };
}

/** Paths from the working directory, two folders deep. */
async function filesIn(mirror: Mirror, commit: string, folder: string | undefined): Promise<string[]> {
  if (!folder) return mirror.listFiles({ commit, depth: 2 });
  const prefix = `${folder}/`;
  const files = await mirror.listFiles({ commit, depth: 2 + folder.split('/').length });
  const inside = files.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length));
  // Git keeps no empty folder, and follows no link.
  if (inside.length > 0) return inside;
  throw new BelayError({
    code: 'settings_invalid',
    message: `The working directory ${folder}, set in ${SETTINGS_FILE}, is no folder of the base ${commit.slice(0, 12)}.`,
    hint: 'Name one that is under `workingDirectory` on the base branch (links are not followed); then `belay retry`.',
  });
}
