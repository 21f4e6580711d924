import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ScriptTurn, Script } from '../../src/engines/script.ts';
import type { Random } from '../random.ts';

/** Where the agents of a stage note what they do; the oracles read it. */
export interface AgentNotes {
  /** Lines `begin|end|overlap RUN MILLISECONDS`. */
  log: string;
  /** One file a run: all that its agent could find out. */
  leaks: string;
}

export interface AgentOptions {
  /** Of the turn that changes something. */
  workMs: number;
  /** The turn never ends, the first time (`once`) or ever. */
  hang?: 'once' | true;
  /** Whether it looks for secrets. Not where processes see each other: there is no sandbox yet. */
  looks?: boolean;
  random: Random;
}

/**
 * What the agent does in its shell: holds a lock of its run with all its processes, one of them in a session of its own, and
 * leaves half of the work behind when it is killed. Two trees of one run cannot both have the lock.
 */
function program({ log, leaks, locks }: AgentNotes & { locks: string }, { workMs, looks = true }: AgentOptions): string {
  return `#!/bin/bash
run=\${PWD##*/}
[ -n "$run" ] || exit 1
note() { echo "$1 $run $(date +%s%3N)" >> ${log}; }
exec 9>>${locks}/$run
flock -n 9 || note overlap
note begin
setsid sleep 600 &
sleep 600 &
echo half > half.txt
${looks ? look(leaks) : ''}sleep ${(workMs / 1000).toFixed(2)}
echo whole > whole.txt
note end
`;
}

const look = (leaks: string): string => `{ env; for each in /proc/[0-9]*/environ /proc/[0-9]*/cmdline; do tr '\\0' '\\n' < $each; done
  git config --list; cat "$(git rev-parse --git-common-dir)/config"; find "$HOME" -type f -size -64k -exec cat {} +
} > ${leaks}/$run 2>/dev/null
`;

/** Writes the agent's program, and gives the turns that it plays. */
export async function writeAgent(folder: string, options: AgentOptions): Promise<{ notes: AgentNotes; turns: Script }> {
  const { hang, random } = options;
  const notes = { log: join(folder, 'agents.log'), leaks: join(folder, 'leaks') };
  const locks = join(folder, 'locks');
  await Promise.all([mkdir(notes.leaks, { recursive: true }), mkdir(locks, { recursive: true })]);
  await writeFile(notes.log, '');
  const file = join(folder, 'agent.sh');
  await writeFile(file, program({ ...notes, locks }, options), { mode: 0o755 });
  const slowly = (turn: ScriptTurn): ScriptTurn[] => [{ ...turn, delayMs: random.between(50, 250) }];
  const turns: Script = {
    classify: slowly({ json: { class: 'bug', reason: 'It is wrong.' } }),
    plan: slowly({ say: 'Write it down.' }),
    implement: [{ run: file, say: 'Done.', ...(hang ? { hang } : {}) }],
    review: slowly({ json: { passed: true, summary: 'Fine.', issues: [] } }),
    document: slowly({ write: { 'notes.md': 'Written down.\n' }, say: 'Documented.' }),
    'commit-message': slowly({ say: 'fix: write it down' }),
    'pull-request': slowly({ json: { title: 'Write it down', body: 'It was missing.' } }),
  };
  return { notes, turns };
}

/** A repository whose tests fail on work that is done by half. */
export const REPOSITORY = {
  'README.md': 'A shop.\n',
  '.belay.yml': 'test: sh test.sh\nissue: { labels: { running: at work, completed: done } }\n',
  'test.sh': 'test -f half.txt && ! test -f whole.txt && { echo "half of it is missing"; exit 1; }\nexit 0\n',
};
