import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { temporaryDirectory } from './temporary-directory.ts';

/** A file system of its own, small enough to be filled. */
export interface SmallDisk extends AsyncDisposable {
  /** Where it is mounted. */
  readonly path: string;
  /** Leaves no byte free. */
  fill(): Promise<void>;
  /** Gives back what `fill` took. */
  free(): void;
  /** Lets nobody write to it. */
  lock(): Promise<void>;
}

/** Only root may mount, and not in every container. */
export function canMount(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export async function smallDisk({ megabytes = 48 }: { megabytes?: number } = {}): Promise<SmallDisk> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryDirectory());
  const path = join(folder.path, 'disk');
  const ballast = join(path, 'ballast');
  mkdirSync(path);
  await execa('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'tmpfs', path]);
  stack.defer(async () => void (await execa('umount', ['--lazy', path])));
  const kept = stack.move();
  return {
    path,
    // It ends with "no space left", as it should.
    fill: async () => void (await execa('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=4k'], { reject: false })),
    free: () => rmSync(ballast, { force: true }),
    lock: async () => void (await execa('mount', ['-o', 'remount,ro', path])),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
