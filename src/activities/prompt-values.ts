import { BelayError } from '../contracts/errors.ts';
import type { PromptValue } from '../contracts/work.ts';
import { fenced } from '../prompts/prompt.ts';
import type { Dependencies } from './dependencies.ts';
import type { Holding } from './holdings.ts';

/** A diff longer than this is cut; the agent can look at the rest in the workspace. */
const MAX_DIFF_BYTES = 200_000;
/** A team's criteria; more is no help to a reviewer. */
const MAX_FILE_LENGTH = 20_000;

type Values = Record<string, PromptValue>;

/** Resolves references to the texts that a prompt shows. What people or agents wrote is fenced as data. */
export async function promptValues(deps: Dependencies, holding: Holding, values: Values): Promise<Record<string, string>> {
  const resolved = await Promise.all(
    Object.entries(values).map(async ([name, value]) => [name, await textOf(deps, holding, name, value)] as const),
  );
  return Object.fromEntries(resolved);
}

async function textOf(deps: Dependencies, holding: Holding, name: string, value: PromptValue): Promise<string> {
  const { mirror } = holding;
  if ('text' in value) return value.text;
  if ('baseFile' in value) return fenced(name, await baseFile(holding, value.baseFile));
  if ('diff' in value) {
    const { text, truncated } = await mirror.diff({ ...value.diff, maxBytes: MAX_DIFF_BYTES });
    return fenced('diff', truncated ? `${text}\n[cut: the diff is longer; look at the files themselves]` : text);
  }
  const text = await artifactText(deps, value.artifact);
  const picked = value.pick ? pick(text, value.pick) : text;
  return value.as === 'data' || value.pick ? fenced(name, picked) : picked;
}

/** From the base: what an agent writes into the file does not count. */
async function baseFile({ mirror, baseSha: commit }: Holding, path: string): Promise<string> {
  const text = await mirror.readFile({ commit, path });
  if (text !== undefined) return text.length <= MAX_FILE_LENGTH ? text : `${text.slice(0, MAX_FILE_LENGTH)}\n[cut: the file is longer]`;
  throw new BelayError({
    code: 'settings_invalid',
    message: `The settings name ${path}, but there is no such file on the base (${commit.slice(0, 12)}).`,
    hint: 'Add the file on the base branch, or take it out of .belay.yml there; then `belay retry`.',
  });
}

/** An artifact's text by its id. */
export async function artifactText({ ledger, files }: Pick<Dependencies, 'ledger' | 'files'>, id: string): Promise<string> {
  const artifact = await ledger.getArtifact(id);
  if (artifact) return files.readArtifact(artifact);
  throw new BelayError({
    code: 'work_elsewhere',
    message: `The artifact ${id} is not on this host: it was made on another one, which has not pushed it.`,
    hint: 'Start the worker of that host, then `belay retry`. If that host is gone, start anew with `belay run --fresh`.',
  });
}

/** The same; undefined where only another host has it. */
export async function artifactIfHere(deps: Pick<Dependencies, 'ledger' | 'files'>, id: string | undefined): Promise<string | undefined> {
  if (id === undefined || !(await isArtifactHere(deps, id))) return undefined;
  return artifactText(deps, id);
}

/** A ledger that several hosts share knows of files that only one of them has. */
export async function isArtifactHere({ ledger, files }: Pick<Dependencies, 'ledger' | 'files'>, id: string): Promise<boolean> {
  const artifact = await ledger.getArtifact(id);
  return artifact !== undefined && files.has(artifact);
}

/** A part of a JSON artifact, as text. */
function pick(json: string, path: readonly (string | number)[]): string {
  let value: unknown = JSON.parse(json);
  for (const key of path) value = (value as Record<string | number, unknown> | undefined)?.[key];
  if (Array.isArray(value)) return value.join('\n');
  return typeof value === 'string' ? value : JSON.stringify(value ?? '');
}
