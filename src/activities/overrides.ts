import { COMMANDS } from '../contracts/constants.ts';
import type { Mirror } from '../git/mirror.ts';

const FOLDER = '.belay/commands';

/** The repository's own prompts, from its base branch only: what an agent writes does not steer the next one. */
export async function readOverrides(mirror: Mirror, baseSha: string): Promise<Map<string, string>> {
  const names = new Set(await mirror.listFiles({ commit: baseSha, depth: 3 }));
  const present = COMMANDS.filter((command) => names.has(`${FOLDER}/${command}.md`));
  const texts = await Promise.all(
    present.map(async (command) => [command, await mirror.readFile({ commit: baseSha, path: `${FOLDER}/${command}.md` })] as const),
  );
  return new Map(texts.flatMap(([command, text]) => (text === undefined ? [] : [[command, text] as const])));
}
