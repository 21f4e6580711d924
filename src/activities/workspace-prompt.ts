import { plainText } from '../contracts/text.ts';
import type { Mirror } from '../git/mirror.ts';
import type { Command } from '../prompts/prompt.ts';
import { fenced } from '../prompts/prompt.ts';
import { commitsWithNotes, readNotes, writeNotes } from '../run-files/codebase-notes.ts';
import type { NotesPlace } from '../run-files/codebase-notes.ts';
import { workspaceFacts } from '../texts/workspace-facts.ts';
import type { WorkspaceFacts } from '../texts/workspace-facts.ts';
import type { Dependencies } from './dependencies.ts';
import type { Holding } from './holdings.ts';

/** They judge a text, not the code. */
const WITHOUT_FACTS = new Set<string>(['classify', 'commit-message', 'pull-request']);

type Home = Pick<Dependencies, 'home'>;

/** What a command's agent is told of its workspace, after its prompt. */
export async function workspacePrompt(deps: Home, holding: Holding, { name, permissions }: Command): Promise<string> {
  if (WITHOUT_FACTS.has(name)) return '';
  const { start, workingDirectory } = holding.settings;
  const ports = ['PORT', 'BACKEND_PORT', 'FRONTEND_PORT', ...Object.keys(start?.ports ?? {})];
  return workspaceFacts({
    workingDirectory,
    start: start && permissions.includes('run') ? { command: start.command, ports } : undefined,
    notes: await nearestNotes(deps, holding),
  });
}

/** Keeps what the agent noted on the codebase, unless the repository does not want it. */
export async function keepNotes(deps: Home, holding: Holding, notes: string): Promise<void> {
  if (holding.settings.notes === false) return;
  await writeNotes({ ...placeOf(deps, holding), sha: holding.baseSha, text: plainText(notes) });
}

/** The notes that were written the fewest commits before the run's base; those of other branches are of another code. */
async function nearestNotes(deps: Home, holding: Holding): Promise<WorkspaceFacts['notes']> {
  const { mirror, baseSha, settings } = holding;
  if (settings.notes === false) return undefined;
  const place = placeOf(deps, holding);
  const found = await nearest(mirror, await commitsWithNotes(place), baseSha);
  const text = found && (await readNotes({ ...place, sha: found.sha }));
  return text ? { ...found, text: fenced('notes', text) } : undefined;
}

async function nearest(mirror: Mirror, commits: readonly string[], base: string): Promise<{ sha: string; commitsAgo: number } | undefined> {
  if (commits.includes(base)) return { sha: base, commitsAgo: 0 };
  const known = await Promise.all(
    commits.map(async (sha) => ({ sha, commitsAgo: await mirror.commitsSince({ ancestor: sha, commit: base }) })),
  );
  const before = known.flatMap(({ sha, commitsAgo }) => (commitsAgo === undefined ? [] : [{ sha, commitsAgo }]));
  return before.toSorted((one, other) => one.commitsAgo - other.commitsAgo)[0];
}

const placeOf = ({ home }: Home, { repository, settings: { workingDirectory } }: Holding): NotesPlace => ({
  home,
  repository,
  workingDirectory,
});
