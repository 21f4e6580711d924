import { leftBy } from '../run-files/run-files.ts';
import { diffOfRun, MAX_DIFF_BYTES } from '../run-files/diff-names.ts';
import type { StepRef } from '../contracts/work.ts';
import type { Dependencies } from './dependencies.ts';
import type { Holding } from './holdings.ts';
import { unwritten } from './journal.ts';

/** What the run has changed up to this commit, for an API on a host that has none of its commits. Where hosts have no files in common, nobody would read it. */
export async function keepDiff(
  { ledger, files }: Pick<Dependencies, 'ledger' | 'files'>,
  { mirror, baseSha }: Pick<Holding, 'mirror' | 'baseSha'>,
  { step, from = baseSha, to }: { step: StepRef; from?: string; to: string },
): Promise<void> {
  if (!files.shared || from === to) return;
  const keep = async (): Promise<void> => {
    const { text, truncated } = await mirror.diff({ from, to, maxBytes: MAX_DIFF_BYTES });
    const name = diffOfRun({ from, to, isCut: truncated });
    await ledger.recordArtifact(await files.writeArtifact({ ...leftBy(step), kind: 'diff', name, text }));
  };
  await keep().catch(unwritten('The diff of the work so far'));
}
