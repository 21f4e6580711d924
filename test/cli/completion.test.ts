import { existsSync } from 'node:fs';
import { mkdir, readdir, symlink } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { createTerminal } from '../../src/cli/terminal.ts';
import { ENGINES } from '../../src/contracts/constants.ts';
import type { RunView } from '../../src/contracts/run-view.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import type { BelayUser } from '../support/cli.ts';
import { belayUser } from '../support/cli.ts';
import { exampleRun } from '../support/example-run.ts';

let user: BelayUser;
let env: Record<string, string>;

beforeAll(async () => {
  user = await belayUser();
  const bin = join(user.folder, 'bin');
  await mkdir(bin);
  await symlink(join(import.meta.dirname, '../../bin/belay'), join(bin, 'belay'));
  env = { ...user.env, PATH: `${bin}${delimiter}${user.env['PATH']}` };
});
afterAll(() => user[Symbol.asyncDispose]());

/** The values offered for what is typed so far. */
async function offered(...words: string[]): Promise<string[]> {
  const said: string[] = [];
  const terminal = { ...createTerminal(process), out: (text: string) => void said.push(text) };
  expect(await createProgram({ env: user.env, terminal })(['complete', '--', ...words])).toBe(0);
  return said
    .join('\n')
    .split('\n')
    .flatMap((line) => line.split('\t')[0] || []);
}

describe('what is offered', () => {
  it.each([
    [['ru'], ['run']],
    [
      ['pr', ''],
      ['show', 'diff', 'merge', 'close', 'help'],
    ],
    [['run', '--eng'], ['--engine']],
    [['run', '--engine', ''], [...ENGINES]],
    [['run', 'text', '--engine', 's'], ['scripted']],
    [['run', '--engine=s'], ['--engine=scripted']],
    [['run', '--engine', '=', 's'], ['scripted']],
    [['run', '--engine', '='], [...ENGINES]],
    [['list', '--status', 'par'], ['parked']],
    [['run', '--model', ''], []],
    [['run', ''], [':files']],
    [['run', '--', '--js'], [':files']],
    [['run', '--repo', './'], [':folders']],
    [['run', '--fresh', '--plan', ''], [':files']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['nothing', 'of', 'the', 'kind', ''], []],
  ])('for %j is %j', async (words, expected) => {
    expect(await offered(...words)).toEqual(expected);
  });

  it('hides what help hides', async () => {
    expect(await offered('')).not.toContain('complete');
    expect(await offered('dev', '--')).toEqual(['--help']);
  });

  it('makes no home where there is none', async () => {
    expect(await offered('show', '')).toEqual([]);
    expect(existsSync(user.home)).toBe(false);
  });
});

describe('runs', () => {
  beforeAll(async () => {
    await mkdir(user.home, { recursive: true });
    await using ledger = await openLedger({ path: join(user.home, 'ledger.db') });
    const issue = { ...exampleRun().issue, title: 'mend\tit \u001B[31mnow\u0007\nplease' } as RunView['issue'] & object;
    await ledger.recordRun(exampleRun({ id: 'k7f2m9qa', workflowId: 'local:acme/shop#1', issue }));
    await ledger.recordRun(exampleRun({ id: 'k7zzzzzz', workflowId: 'local:acme/shop#2' }));
    await ledger.recordRun(exampleRun({ id: 'b2222222', workflowId: 'local:acme/shop#3' }));
  });

  it.each(['show', 'cancel', 'retry', 'logs', 'open'])('are offered to belay %s by their start, once', async (command) => {
    expect((await offered(command, 'k7')).toSorted()).toEqual(['k7f2m9qa', 'k7zzzzzz']);
    expect(await offered(command, 'k7f2m9qa', '')).toEqual([]);
  });

  it('say what they are about, in words that are safe in a terminal', async () => {
    const { stdout } = await user.belay(['complete', '--', 'pr', 'show', 'k7f']);
    expect(stdout).toBe('k7f2m9qa\trunning #1 mend it now please\n');
  });
});

const installed = (shell: string): boolean =>
  String(process.env['PATH'])
    .split(delimiter)
    .some((folder) => existsSync(join(folder, shell)));

describe('in a shell', () => {
  const inBash = async (...typed: string[]): Promise<string[]> => {
    const body = `source <(belay completion bash); complete -p belay >&2
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _belay belay "\${!#}"; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = await execa('bash', ['--norc', '--noprofile', '-c', body, 'bash', 'belay', ...typed], {
      env,
      extendEnv: false,
      cwd: user.folder,
    });
    // Outside of readline, compopt has nothing to set and says so.
    expect(stderr.split('\n')[0]).toBe('complete -F _belay belay');
    return stdout.split('\n').filter(Boolean);
  };

  it('completes commands, options, choices and runs in bash', async () => {
    expect(await inBash('comp')).toEqual(['completion']);
    expect(await inBash('run', '--pi')).toEqual(['--pipeline']);
    expect(await inBash('run', '--engine', '=', 's')).toEqual(['scripted']);
    expect(await inBash('cancel', 'b2')).toEqual(['b2222222']);
  });

  it('runs nothing of what is typed', async () => {
    expect(await inBash('run', '"$(touch pwned)"', '`touch pwned`', '; touch pwned', '--js')).toEqual(['--json']);
    expect(await readdir(user.folder)).not.toContain('pwned');
  });

  it.skipIf(!installed('fish'))('completes in fish', async () => {
    const inFish = async (line: string): Promise<string[]> => {
      const { stdout } = await execa('fish', ['--no-config', '-c', `belay completion fish | source; complete -C ${JSON.stringify(line)}`], {
        env,
        extendEnv: false,
      });
      return stdout.split('\n').map((each) => each.split('\t')[0] ?? '');
    };
    expect(await inFish('belay run --pi')).toEqual(['--pipeline']);
    expect(await inFish('belay run --engine s')).toEqual(['scripted']);
    expect(await inFish('belay show k7f')).toEqual(['k7f2m9qa']);
  });

  it.skipIf(!installed('zsh'))('completes in zsh', async () => {
    // A terminal of its own: completion is only there in an interactive shell.
    const typed = `zmodload zsh/zpty; zpty z zsh -f -i
      zpty -w z 'autoload -U compinit; compinit -u -D; source <(belay completion zsh); PS1=ready'
      zpty -r -m z line '*ready*'; zpty -w -n z $'belay show k7f\\t'; zpty -r -m z line '*k7f2m9qa*'; print -r -- $line`;
    const { stdout } = await execa('zsh', ['-f', '-c', typed], { env: { ...env, TERM: 'dumb' }, extendEnv: false });
    expect(stdout).toContain('k7f2m9qa');
  });

  it('refuses a shell that it does not know', async () => {
    expect(await user.belay(['completion', 'tcsh'])).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('bash, zsh, fish') });
  });
});
