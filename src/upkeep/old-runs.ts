import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CLOSED_STATUSES } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import type { RunView } from '../contracts/run-view.ts';
import type { ForgeName } from '../contracts/repository.ts';
import type { Forge } from '../forges/forge.ts';
import type { Mirror, Mirrors } from '../git/mirror.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { changedAt } from '../process/file-age.ts';
import { removeTree } from '../workspace/remove-tree.ts';
import { isRunId, runOfTree } from '../workspace/run-folders.ts';
import { checkpointRef } from '../workspace/worktree.ts';
import { epochRef } from '../activities/handover-record.ts';
import type { Finding } from './finding.ts';

/** Of a closed run only going on needs these; plan, log, evidence, answers and diffs are the record, and stay. */
const WORKING_FOLDERS = ['engine', 'steps'];
const TRANSCRIPT = /\.jsonl$/;
const REFS = 'refs/belay/';
/** Files are written beside their place first; what died doing that was not at it for so long. */
const ABANDONED_MS = 24 * 3_600_000;
const HALF_WRITTEN = /\.\d{6,}$/;

export interface OldRunsOptions {
  home: string;
  mirrors: Mirrors;
  ledger: Pick<Ledger, 'getRun'>;
  forges: Record<ForgeName, Pick<Forge, 'gitAccess'>>;
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

async function oldRefs({ home, mirrors, forges }: OldRunsOptions, isOver: IsOver): Promise<Finding[]> {
  const opened = await namesIn(join(home, 'opened'));
  const found: Finding[] = [];
  for (const mirror of await mirrors.list()) {
    const old: string[] = [];
    for (const ref of await mirror.listRefs(REFS)) {
      const runId = runOfRef(ref);
      const isOpened = opened.some((name) => name.startsWith(`${runId}-`));
      if (isRunId(runId) && !isOpened && (await isOver(runId))) old.push(ref);
    }
    if (old.length === 0) continue;
    const { owner, name } = mirror.repository;
    const words = `${old.length} ${old.length === 1 ? 'checkpoint' : 'checkpoints'} of runs closed long ago in the mirror of ${owner}/${name}`;
    found.push({
      words,
      async remove() {
        await dropAtRemote({ mirror, forges, runIds: new Set(old.map(runOfRef)) });
        for (const ref of old) await mirror.deleteRef(ref);
        await mirror.collect();
      },
    });
  }
  return found;
}

const runOfRef = (ref: string): string => runOfTree(ref.slice(REFS.length).split('/')[0] ?? '');

/** What runs that did not end well have left there for other hosts. Before what is here goes: it is what this is found by, should it fail. */
async function dropAtRemote({
  mirror,
  forges,
  runIds,
}: {
  mirror: Mirror;
  forges: Record<ForgeName, Pick<Forge, 'gitAccess'>>;
  runIds: Set<string>;
}): Promise<void> {
  const { repository } = mirror;
  try {
    const access = await forges[repository.forge].gitAccess(repository);
    const refs = [...runIds].flatMap((runId) => [epochRef(runId), checkpointRef(runId)]);
    const present = await mirror.remoteRefs({ ...access, refs });
    const moves = [...present].map(([ref, sha]) => ({ ref, sha: null, expected: sha }));
    if (moves.length > 0) await mirror.pushRefs({ ...access, moves });
  } catch (error) {
    // Without the repository there is nothing left to remove.
    if (!(error instanceof BelayError && error.code === 'repository_not_found')) throw error;
  }
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
    found.push(...(await oldTranscripts(join(home, 'runs', runId, 'artifacts'), runId)));
  }
  return found;
}

async function oldTranscripts(folder: string, runId: string): Promise<Finding[]> {
  const paths = (await namesIn(folder)).filter((name) => TRANSCRIPT.test(name)).map((name) => join(folder, name));
  if (paths.length === 0) return [];
  const words = `${paths.length} ${paths.length === 1 ? 'transcript' : 'transcripts'} in ${folder} (run ${runId} closed long ago)`;
  return [
    {
      words,
      async remove() {
        for (const path of paths) await removeTree(path);
      },
    },
  ];
}

async function halfWritten({ home }: OldRunsOptions): Promise<Finding[]> {
  const runs = (await namesIn(join(home, 'runs'))).filter(isRunId).map((runId) => join(home, 'runs', runId));
  const found: Finding[] = [];
  const folders = runs.flatMap((run) => [run, join(run, 'artifacts')]);
  for (const folder of [join(home, 'attempts'), ...folders]) {
    for (const name of (await namesIn(folder)).filter((each) => HALF_WRITTEN.test(each))) {
      const path = join(folder, name);
      if (Date.now() - (await changedAt(path)) > ABANDONED_MS)
        found.push({ words: `${path} (half written)`, remove: () => removeTree(path) });
    }
  }
  return found;
}

const namesIn = async (folder: string): Promise<string[]> => readdir(folder).catch(() => []);
