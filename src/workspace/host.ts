import { randomBytes, randomUUID } from 'node:crypto';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { BelayError } from '../contracts/errors.ts';
import { ownFolder } from '../process/own-folder.ts';
import { readIfThere } from '../process/read-if-there.ts';
import { lockHolder, tryLock } from '../process/exclusive-lock.ts';

/** This machine's part in Belay: a persistent id, and one worker process at a time. */
export interface Host extends Disposable {
  id: string;
  /** Names this worker process; marks every process it starts. */
  boot: string;
  /** The boot of the worker before this one. */
  formerBoot?: string;
}

/** Takes the home for this process. Throws home_locked while another worker has it; a killed one's lock is gone with it. */
export async function takeHome(home: string): Promise<Host> {
  await ownFolder(home);
  const lockFile = path.join(home, 'worker.lock');
  const lock = tryLock(lockFile);
  if (!lock) {
    const holder = lockHolder(lockFile);
    throw new BelayError({
      code: 'home_locked',
      message: `Another worker${holder ? ` (process ${holder.pid})` : ''} uses ${home}.`,
      hint: 'One worker serves one home: use that one, stop it, or set BELAY_HOME to another folder.',
    });
  }
  const id = (await read(path.join(home, 'host-id'))) ?? (await write(path.join(home, 'host-id'), randomUUID().slice(0, 8)));
  const formerBoot = await read(path.join(home, 'boot'));
  const boot = await write(path.join(home, 'boot'), randomBytes(4).toString('hex'));
  return { id, boot, ...(formerBoot ? { formerBoot } : {}), [Symbol.dispose]: () => lock[Symbol.dispose]() };
}

const read = async (file: string): Promise<string | undefined> => (await readIfThere(file))?.trim() || undefined;

async function write(file: string, text: string): Promise<string> {
  await writeFileAtomic(file, `${text}\n`);
  return text;
}
