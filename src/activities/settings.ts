import { detectSetup, detectTestCommand } from '../checks/detect.ts';
import { runnerOf } from '../checks/runners.ts';
import type { RunSettings } from '../contracts/run-state.ts';
import type { Mirror } from '../git/mirror.ts';
import { parseRepositorySettings } from '../repository-settings.ts';

const SETTINGS_FILE = '.belay.yml';
/** What reviews look for, unless the settings name another file. */
const REVIEW_CRITERIA = '.belay/review.md';

/** What the repository says about itself on its base, with what Belay detects where it says nothing. */
export async function readSettings(mirror: Mirror, baseSha: string): Promise<{ setup: string[]; run: RunSettings }> {
  const readFile = (path: string) => mirror.readFile({ commit: baseSha, path });
  const text = await readFile(SETTINGS_FILE);
  const named = text === undefined ? undefined : parseRepositorySettings(text, { source: SETTINGS_FILE });
  const files = await mirror.listFiles({ commit: baseSha, depth: 2 });
  const detected = named?.test ? undefined : await detectTestCommand({ files, readFile });
  const checks = named?.test?.map((command) => ({ command, runner: runnerOf(command) })) ?? (detected ? [detected] : []);
  const setup = named?.setup ?? (await detectSetup({ files, readFile }))?.commands ?? [];
  return {
    setup,
    run: {
      checks: checks.map(({ command, runner }) => ({ command, runner })),
      checksReason: named?.test
        ? `set in ${SETTINGS_FILE}`
        : (detected?.reason ?? `no test command was found; name one in ${SETTINGS_FILE}`),
      limits: named?.limits ?? {},
      phasesOff: named?.phasesOff ?? [],
      phasesOn: named?.phasesOn ?? [],
      byPhase: {},
      baseline: 'known',
      onReviewCrash: 'draft',
      updateBase: 'rebase',
      pullRequest: { draft: 'never', reviewers: [], labels: [] },
      protectedPaths: [],
      ...(files.includes(REVIEW_CRITERIA) ? { reviewCriteria: REVIEW_CRITERIA } : {}),
      ...(named?.engine ? { engine: named.engine } : {}),
      ...(named?.model ? { model: named.model } : {}),
    },
  };
}
