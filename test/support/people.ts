import type { Project } from './project.ts';

/** What a person does in their clone while an agent works, as shell commands for a turn of the scripted engine. */
export function meanwhile({ path }: Project, ...commands: string[]): string {
  const who = ['AUTHOR', 'COMMITTER'].flatMap((role) => [`GIT_${role}_NAME=Ada`, `GIT_${role}_EMAIL=ada@example.test`]);
  return [`cd '${path}'`, `export ${who.join(' ')}`, ...commands].join(' && ');
}

/** Commits a file on the branch that is checked out. */
export const commits = (file: string, text: string): string =>
  `echo '${text}' > ${file} && git add ${file} && git commit --quiet -m 'Change ${file}'`;

/** Commits a file on top of another branch, of which only the beginning of its name is known. */
export const pushes = (prefix: string, file: string, text: string): string =>
  [
    `branch=$(git for-each-ref --format='%(refname:short)' 'refs/heads/${prefix}*')`,
    'git switch --quiet "$branch"',
    commits(file, text),
    'git switch --quiet main',
  ].join(' && ');
