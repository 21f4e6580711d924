import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';

/** Which session a step began, noted as soon as the CLI says it: an interrupted step resumes it. Stays on its host, like the session. */
export function createSessionNotes({ directory, step }: { directory: string; step: number }) {
  const folder = path.join(directory, 'sessions');
  const file = path.join(folder, `${step}.txt`);
  return {
    async read(): Promise<string | undefined> {
      try {
        return await readFile(file, 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    async write(sessionId: string): Promise<void> {
      await mkdir(folder, { recursive: true });
      await writeFileAtomic(file, sessionId, { fsync: false });
    },
  };
}
