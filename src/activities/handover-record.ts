import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { log } from '@temporalio/activity';
import { handoverLease, handoverRecord, LEASE_FILE, RECORD_FILE } from '../contracts/handover.ts';
import type { HandoverLease, HandoverRecord } from '../contracts/handover.ts';
import type { LeaseRef } from '../contracts/lease.ts';
import type { ArtifactKind, ArtifactRecord } from '../contracts/records.ts';
import type { EarlierWork } from '../contracts/run-input.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import type { GitAccess } from '../git/access.ts';
import type { Mirror } from '../git/mirror.ts';
import type { Dependencies } from './dependencies.ts';
import { isDiffOfRun } from '../run-files/diff-names.ts';
import { earlierRuns, knownRun } from './run-view.ts';

type Here = Pick<Dependencies, 'ledger' | 'files'>;

/** What later phases ask for by its id. Prompts and transcripts are for people, and stay on their host. */
const KEPT: readonly ArtifactKind[] = ['plan', 'issue', 'answer', 'test_report', 'diff', 'other'];
/** A report of many thousand tests; more than this no phase reads. */
const MAX_BYTES = 20_000_000;

/** The epoch ref's commit names the lease, its tree holds what the run knows by ids, and all that was pushed is in its history. */
export const epochRef = (runId: string): string => `refs/belay/${runId}/epoch`;

/** The run's artifacts that another host needs, and those that it was given from an earlier run. */
export async function artifactsToKeep(
  { ledger, files }: Here,
  { runId, continues }: { runId: string; continues?: Pick<EarlierWork, 'plan' | 'review'> | undefined },
): Promise<ArtifactRecord[]> {
  const given = [continues?.plan?.artifactId, continues?.review?.artifactId].filter((id) => id !== undefined);
  const foreign = await Promise.all(given.map((id) => ledger.getArtifact(id)));
  const own = (await ledger.listArtifacts(runId)).filter(
    ({ kind, name }) => KEPT.includes(kind) && !name.endsWith('.xml') && !isDiffOfRun(name),
  );
  const all = [...foreign.filter((artifact) => artifact !== undefined), ...own];
  return all.filter(({ bytes, path: name }) => bytes <= MAX_BYTES && files.has({ path: name }));
}

/** Answers that no later phase reads, or that it can do without: pushed beside the next step. */
const UNASKED = /(?:classify|implement|document|commit-message|pull-request|resolve-[a-z-]+)\.(?:md|json)$/;

export const isAskedFor = ({ name }: ArtifactRecord): boolean => !UNASKED.test(name);

interface Writing {
  mirror: Mirror;
  lease: LeaseRef;
  host: string;
  artifacts: readonly ArtifactRecord[];
}

/** The tree that is pushed: the lease, the ledger's rows, and the artifacts by their ids. */
export async function writeRecord(deps: Here, { mirror, lease, host, artifacts }: Writing): Promise<string> {
  const { runId, epoch, executionId } = lease;
  const view = await knownRun(deps.ledger, runId);
  const [steps, sessions, earlier] = await Promise.all([
    deps.ledger.listSteps(runId),
    deps.ledger.listSessions(runId),
    view ? earlierRuns(deps, view) : [],
  ]);
  const folder = path.join(deps.files.directory(runId), 'handover');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const texts = {
    [LEASE_FILE]: { runId, epoch, executionId, host } satisfies HandoverLease,
    [RECORD_FILE]: { artifacts: artifacts.map(rowOf), steps, sessions, earlier } satisfies HandoverRecord,
  };
  const files = new Map(artifacts.map(({ id, path: name }) => [id, deps.files.absolute(name)]));
  for (const [name, content] of Object.entries(texts)) {
    files.set(name, path.join(folder, name));
    await writeFile(path.join(folder, name), `${JSON.stringify(content, undefined, 2)}\n`);
  }
  return mirror.treeOfFiles({ files, scratch: path.join(folder, 'index') });
}

/** A row as it is written, and read again: without what the ledger alone knows. */
const rowOf = ({ id, runId, phase, step, sessionId, kind, name, mediaType, path: file, bytes, sha256, createdAt }: ArtifactRecord) => ({
  id,
  runId,
  kind,
  name,
  mediaType,
  path: file,
  bytes,
  sha256,
  createdAt,
  ...withoutUndefined({ phase, step, sessionId }),
});

/** Who holds the run by a commit of its epoch ref; undefined where that is not one of Belay's. */
export async function holderIn(mirror: Mirror, commit: string): Promise<HandoverLease | undefined> {
  return parsed(handoverLease, await mirror.readFile({ commit, path: LEASE_FILE }));
}

/** Fetches what a run has left at its remote, if anything, and makes it this host's own: its commits, its artifacts, and the ledger's rows about it. */
export async function recallRun(
  deps: Here,
  { mirror, access, runId, signal }: { mirror: Mirror; access: GitAccess; runId: string; signal?: AbortSignal | undefined },
): Promise<void> {
  const ref = epochRef(runId);
  const commit = (await mirror.remoteRefs({ ...access, refs: [ref], signal })).get(ref);
  if (commit === undefined) return;
  if (!(await mirror.hasCommit(commit))) await mirror.fetchRef({ ...access, ref, ...(signal ? { signal } : {}) });
  await restoreRecord(deps, { mirror, commit, runId });
}

/** What is known here already is left as it is: nobody else writes over it, nor over what is not this run's. */
export async function restoreRecord(
  deps: Here,
  { mirror, commit, runId }: { mirror: Mirror; commit: string; runId: string },
): Promise<void> {
  const record = parsed(handoverRecord, await mirror.readFile({ commit, path: RECORD_FILE }));
  if (!record) return;
  for (const { phase, step, sessionId, ...row } of record.artifacts) {
    const artifact: ArtifactRecord = { ...row, ...withoutUndefined({ phase, step, sessionId }) };
    await restoreArtifact(deps, { mirror, commit, artifact }).catch(untaken(`The artifact ${artifact.path}`));
  }
  await restoreRows(deps, record, runId).catch(untaken('What the ledger knew'));
}

async function restoreRows({ ledger }: Here, { steps, sessions, earlier }: HandoverRecord, runId: string): Promise<void> {
  const isOwn = (row: { runId: string }): boolean => row.runId === runId;
  // What was spent here since then is not in what was pushed.
  const known = new Set((await ledger.listSessions(runId)).map(sessionKey));
  const missing = sessions.filter((session) => isOwn(session) && !known.has(sessionKey(session)));
  await Promise.all([...steps.filter(isOwn).map(ledger.recordStep), ...missing.map(ledger.recordSession)]);
  for (const view of earlier) if (!(await knownRun(ledger, view.id))) await ledger.recordRun(view);
}

const sessionKey = ({ step, sessionId }: { step: number; sessionId: string }): string => `${step} ${sessionId}`;

const untaken =
  (what: string) =>
  (error: unknown): void =>
    log.warn(`${what} of another host could not be taken over`, { error });

async function restoreArtifact(
  { ledger, files }: Here,
  { mirror, commit, artifact }: { mirror: Mirror; commit: string; artifact: ArtifactRecord },
) {
  const known = await ledger.getArtifact(artifact.id);
  if (known && files.has(known)) return;
  const text = await mirror.readFile({ commit, path: artifact.id });
  if (text === undefined) return;
  await files.restoreArtifact({ artifact, text });
  await ledger.recordArtifact(artifact);
}

function parsed<T>(schema: { safeParse: (value: unknown) => { success: boolean; data?: T } }, text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
