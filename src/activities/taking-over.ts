import type { AgentInput } from '../contracts/work.ts';
import { fenced } from '../prompts/prompt.ts';
import type { Command } from '../prompts/prompt.ts';
import type { Dependencies } from './dependencies.ts';
import type { Holding } from './holdings.ts';
import { artifactText } from './prompt-values.ts';

/** The workspace has all of it. */
const MAX_DIFF_BYTES = 50_000;

/** What an agent that goes on for another is told after its prompt. */
export async function takingOver(
  deps: Pick<Dependencies, 'ledger' | 'files'>,
  holding: Holding,
  { takesOver, values }: AgentInput,
  { permissions }: Command,
): Promise<string> {
  if (!takesOver) return '';
  const { from, base, plan } = takesOver;
  const isShown = Object.values(values).some((value) => 'diff' in value) || !permissions.includes('edit');
  const diff = isShown ? '' : await changesSince(holding, base);
  return [
    `\n\n## Another agent began this`,
    `${from} worked on this before you and had to stop. ${diff ? 'Its changes are in the workspace as it left them: look at them and go on from there; do not start over.' : 'Nothing of its answer is kept.'}`,
    ...(plan ? [`The plan of this work:\n\n${fenced('plan', await artifactText(deps, plan))}`] : []),
    ...(diff ? [`What has changed in the workspace since the work began, by it and by the steps before:\n\n${diff}`] : []),
  ].join('\n\n');
}

async function changesSince({ mirror, worktree }: Holding, base: string): Promise<string> {
  const { text, truncated } = await mirror.diff({ from: base, to: await worktree.treeHash(), maxBytes: MAX_DIFF_BYTES });
  if (text.trim() === '') return '';
  return fenced('diff', truncated ? `${text}\n[cut: the diff is longer; look at the files themselves]` : text);
}
