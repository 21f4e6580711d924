import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createBareRepository } from '../src/git/bare-repository.ts';

/** A bare repository of so many small text files, whose tests are a shell command. */
export async function createRepository(folder: string, files: number, test = 'true'): Promise<string> {
  const from = join(folder, 'files');
  for (let index = 0; index < files; index++) {
    const part = join(from, `part-${Math.floor(index / 100)}`);
    if (index % 100 === 0) await mkdir(part, { recursive: true });
    await writeFile(join(part, `file-${index}.txt`), `${'line of text\n'.repeat(40)}${index}\n`);
  }
  await writeFile(join(from, 'Makefile'), `test:\n\t@${test}\n`);
  const to = join(folder, 'repository.git');
  await createBareRepository({ from, to, scratch: join(folder, 'scratch'), message: 'Begin' });
  return to;
}
