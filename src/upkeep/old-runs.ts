import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CLOSED_STATUSES } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import type { RunView } from '../contracts/run-view.ts';
import type { Mirrors } from '../git/mirror.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { changedAt } from '../process/file-age.ts';
import { removeTree } from '../workspace/remove-tree.ts';
import { isRunId, runOfTree } from '../workspace/run-folders.ts';
import type { Finding } from './finding.ts';

/** Of a closed run only going on needs these; plan, log, evidence, answers and diffs are the record, and stay. */
const WORKING_FOLDERS = ['engine', 'steps', 'transcripts'];
const REFS = 'refs/belay/';
/** Files are written beside their place first; what died doing that was not at it for so long. */
const ABANDONED_MS = 24 * 3_600_000;
const HALF_WRITTEN = /\.\d{6,}$/;

export interface OldRunsOptions {
  home: string;
  mirrors: Mirrors;
  ledger: Pick<Ledger, 'getRun'>;
  keepMs: number;
}

/**
 * What runs have left for being gone on from that closed longer ago than that: checkpoints, sessions, transcripts. Runs that the ledger
 * does not know are left alone, and so is what a person has opened.
 */
export async function findOldRuns(options: OldRunsOptions): Promise<Finding[]> {
  const isOver = overBefore(options);
  return [...(await oldRefs(options, isOver)), ...(await oldFolders(options, isOver)), ...(await halfWritten(options))];
}

type IsOver = (runId: string) => Promise<boolean>;

/** Whether a run closed longer ago than that. False for those that the ledger does not know. */
export function overBefore({ ledger, keepMs }: Pick<OldRunsOptions, 'ledger' | 'keepMs'>): IsOver {
  const known = new Map<string, Promise<boolean>>();
  const look = async (runId: string): Promise<boolean> => {
    const view = await runIfKnown(ledger, runId);
    if (!view || !CLOSED_STATUSES.includes(view.status)) return false;
    const closed = Date.parse(view.completedAt ?? view.createdAt);
    return Date.now() - closed > keepMs;
  };
  return (runId) => {
    const answer = known.get(runId) ?? look(runId);
    known.set(runId, answer);
    return answer;
  };
}

/** By its whole id: names of folders are not guessed at. */
async function runIfKnown(ledger: OldRunsOptions['ledger'], runId: string): Promise<RunView | undefined> {
  try {
    const view = await ledger.getRun(runId);
    return view.id === runId ? view : undefined;
  } catch (error) {
    if (error instanceof BelayError && error.code === 'invalid_input') return undefined;
    throw error;
  }
}

async function oldRefs({ home, mirrors }: OldRunsOptions, isOver: IsOver): Promise<Finding[]> {
  const opened = await namesIn(join(home, 'opened'));
  const found: Finding[] = [];
  for (const mirror of await mirrors.list()) {
    const old: string[] = [];
    for (const ref of await mirror.listRefs(REFS)) {
      const runId = runOfTree(ref.slice(REFS.length).split('/')[0] ?? '');
      const isOpened = opened.some((name) => name.startsWith(`${runId}-`));
      if (isRunId(runId) && !isOpened && (await isOver(runId))) old.push(ref);
    }
    if (old.length === 0) continue;
    const { owner, name } = mirror.repository;
    const words = `${old.length} ${old.length === 1 ? 'checkpoint' : 'checkpoints'} of runs closed long ago in the mirror of ${owner}/${name}`;
    found.push({
      words,
      async remove() {
        for (const ref of old) await mirror.deleteRef(ref);
        await mirror.collect();
      },
    });
  }
  return found;
}

async function oldFolders({ home }: OldRunsOptions, isOver: IsOver): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const runId of await namesIn(join(home, 'runs'))) {
    if (!isRunId(runId) || !(await isOver(runId))) continue;
    const there = await namesIn(join(home, 'runs', runId));
    for (const folder of WORKING_FOLDERS.filter((each) => there.includes(each))) {
      const path = join(home, 'runs', runId, folder);
      found.push({ words: `${path} (run ${runId} closed long ago)`, remove: () => removeTree(path) });
    }
  }
  return found;
}

async function halfWritten({ home }: OldRunsOptions): Promise<Finding[]> {
  const runs = (await namesIn(join(home, 'runs'))).filter(isRunId).map((runId) => join(home, 'runs', runId));
  const found: Finding[] = [];
  for (const folder of [join(home, 'attempts'), ...runs]) {
    for (const name of (await namesIn(folder)).filter((each) => HALF_WRITTEN.test(each))) {
      const path = join(folder, name);
      if (Date.now() - (await changedAt(path)) > ABANDONED_MS)
        found.push({ words: `${path} (half written)`, remove: () => removeTree(path) });
    }
  }
  return found;
}

const namesIn = async (folder: string): Promise<string[]> => readdir(folder).catch(() => []);
