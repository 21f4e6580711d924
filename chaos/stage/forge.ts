import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Octokit } from '@octokit/rest';
import type { Files, GitRemote } from '../../test/support/git-remote.ts';
import { gitHubServer } from '../../test/support/github.ts';
import { forgeFront } from './front.ts';
import type { Front } from './front.ts';

export const PLACE = { owner: 'acme', repo: 'shop' };

/** A forge with one repository, behind a door of the campaign's own. */
export interface StageForge extends AsyncDisposable {
  readonly front: Front;
  readonly remote: GitRemote;
  readonly person: Octokit;
  /** What the repository's hooks noted of every push that was taken. */
  readonly pushLog: string;
}

/** What receives pushes notes who they were of (by the login), when they came, and which refs they moved: git's own hooks, and the shell. */
function hooks(folder: string): Record<string, string> {
  return {
    'pre-receive': `date +%s%3N > ${folder}/$PPID.began`,
    'post-receive': [
      `read began < ${folder}/$PPID.began`,
      `while read old new ref; do echo "$began $GIT_COMMITTER_NAME $old $new $ref" >> ${folder}/pushes; done`,
    ].join('\n'),
  };
}

export async function stageForge({ folder, files }: { folder: string; files: Files }): Promise<StageForge> {
  await using stack = new AsyncDisposableStack();
  const gitHub = stack.use(await gitHubServer({ files }));
  const { remote } = gitHub;
  const notes = join(folder, 'pushes');
  await mkdir(notes, { recursive: true });
  await remote.git('config', 'core.logAllRefUpdates', 'always');
  await mkdir(join(remote.path, 'hooks'), { recursive: true });
  for (const [name, body] of Object.entries(hooks(notes))) {
    const hook = join(remote.path, 'hooks', name);
    await writeFile(hook, `#!/bin/sh\n${body}\n`);
    await chmod(hook, 0o755);
  }
  const front = stack.use(
    await forgeFront({ api: gitHub.apiUrl, git: new URL(gitHub.gitUrl.replace(/\{.*$/, '')).origin, token: gitHub.token }),
  );
  const kept = stack.move();
  return { front, remote, person: gitHub.person, pushLog: join(notes, 'pushes'), [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
