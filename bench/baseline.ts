import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../src/cache-folder.ts';
import { createScripted } from '../src/engines/scripted.ts';

const execute = promisify(execFile);

/** The commands of a happy run, in order, and what each may do. */
const TURNS = [
  ['classify', ['read']],
  ['plan', ['read']],
  ['implement', ['read', 'edit', 'run']],
  ['review', ['read']],
  ['document', ['read', 'edit']],
  ['commit-message', ['read']],
  ['pull-request', ['read']],
] as const;

export interface Baseline {
  /** The same work once, by a bare shell script. */
  run(name: string): Promise<void>;
}

/**
 * A shell script that does what a happy run cannot do without: the same git work on a mirror and a worktree, the same seven
 * agent processes, the test command, commit and push. No state, no checks of its own, nothing survives a kill.
 */
export async function createBaseline({
  folder,
  repository,
  script,
}: {
  folder: string;
  repository: string;
  script: string;
}): Promise<Baseline> {
  const mirror = join(folder, 'baseline.git');
  await execute('git', ['clone', '--quiet', '--bare', '--no-local', repository, mirror]);
  await mkdir(join(folder, 'baseline'), { recursive: true });
  const file = join(folder, 'baseline.sh');
  await writeFile(file, text({ mirror, repository, script }));
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_AUTHOR_NAME: 'b',
    GIT_AUTHOR_EMAIL: 'b@b',
    GIT_COMMITTER_NAME: 'b',
    GIT_COMMITTER_EMAIL: 'b@b',
  };
  return {
    async run(name) {
      await execute('/bin/sh', [file, join(folder, 'baseline', name), name], { env });
    },
  };
}

const quote = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`;

function text({ mirror, repository, script }: { mirror: string; repository: string; script: string }): string {
  const git = `git --git-dir=${quote(mirror)}`;
  const lines = [
    'set -eu',
    'tree=$1 name=$2',
    `base=$(flock ${quote(`${mirror}.lock`)} sh -c "${git} fetch --quiet ${quote(repository)} main && ${git} rev-parse FETCH_HEAD")`,
    `flock ${quote(`${mirror}.lock`)} ${git} worktree add --quiet --detach --no-checkout "$tree" "$base"`,
    'cd "$tree"',
    'git checkout --quiet --detach "$base"',
  ];
  for (const [command, permissions] of TURNS) {
    lines.push(`printf %s ${quote(command)} | ${agentCommand(command, permissions, script)} > /dev/null`);
    // What a checkpoint is: the tree as a commit, under a ref.
    if (command === 'implement')
      lines.push('git add --all', 'git commit --quiet --message checkpoint', 'git update-ref "refs/baseline/$name" HEAD', 'make test');
    if (command === 'document') lines.push('git status --porcelain > /dev/null');
  }
  lines.push(
    `git push --quiet ${quote(repository)} "HEAD:refs/heads/baseline/$name"`,
    'git diff --shortstat "$base" HEAD > /dev/null',
    `cd / && flock ${quote(`${mirror}.lock`)} ${git} worktree remove --force "$tree"`,
  );
  return `${lines.join('\n')}\n`;
}

/** The very process that Belay starts for a turn, with its state beside the tree. */
function agentCommand(command: string, permissions: readonly ('read' | 'edit' | 'run')[], script: string): string {
  const request = { command, prompt: '', cwd: '', permissions, sessionId: 's', stateDir: '@STATE@', script };
  const { file, args, env } = createScripted({ script, compiled: join(cacheFolder(process.env), 'compiled') }).command(request);
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const words = ['env', ...variables, file, ...args].map(quote).join(' ');
  return words.replace('@STATE@', `'"$tree.state"'`);
}
