import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { parseEnv } from 'node:util';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { askAt } from '../../src/cli/ask.ts';
import { createProgram } from '../../src/cli/program.ts';
import { askForValues } from '../../src/cli/setup-questions.ts';
import { envFile } from '../../src/config-documentation.ts';
import { BelayError } from '../../src/contracts/errors.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

async function belay(...args: string[]): Promise<{ code: number; said: string[] }> {
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  const terminal = { live: false, piped: true, out: say, note: say, exact: say };
  return { code: await createProgram({ env: { PATH: '' }, terminal })(['setup', ...args]), said };
}

/** What shells make of a file. */
async function sourced(file: string, name: string): Promise<string> {
  return (await execa('sh', ['-c', `set -a; . "$0"; set +a; printenv ${name}`, file])).stdout;
}

describe('belay setup', () => {
  it('writes every setting with its explanation, for its owner alone, and says what is next', async () => {
    await using folder = await temporaryDirectory();
    const file = join(folder.path, '.env');
    const { code, said } = await belay('--yes', '--engine', 'scripted', '--file', file);
    expect(code).toBe(0);
    expect(said.join('\n')).toContain('belay doctor');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const written = await readFile(file, 'utf8');
    expect(parseEnv(written)).toEqual({ BELAY_ENGINE: 'scripted' });
    expect(written).toContain('# BELAY_BUDGET_USD=10');
    expect(await sourced(file, 'BELAY_ENGINE')).toBe('scripted');
  });

  it('leaves a file that is there alone unless told otherwise', async () => {
    await using folder = await temporaryDirectory();
    const file = join(folder.path, '.env');
    await writeFile(file, 'MINE=1\n', { mode: 0o644 });
    await expect(belay('--yes', '--file', file)).rejects.toMatchObject({ code: 'invalid_input' });
    expect(await readFile(file, 'utf8')).toBe('MINE=1\n');
    await belay('--yes', '--force', '--file', file);
    expect(await readFile(file, 'utf8')).toContain('# BELAY_HOME=');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('asks nobody where there is no terminal, nor gh where it is not there', async () => {
    await expect(belay('--file', '/nowhere/.env')).rejects.toMatchObject({ hint: expect.stringContaining('--yes') as string });
    await expect(belay('--yes', '--github-token-from', 'gh')).rejects.toMatchObject({ code: 'forge_not_logged_in' });
  });
});

describe('questions', () => {
  async function answering(...answers: string[]) {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const shown = text(output);
    const asking = askAt({ input, output });
    // As a person does, who reads first.
    const ask = (question: Parameters<typeof asking.ask>[0]) => {
      const answered = asking.ask(question);
      for (const line of answers.splice(0, question.problem?.(answers[0] ?? '') === undefined ? 1 : 2)) input.write(`${line}\r`);
      return answered;
    };
    const values = await askForValues({ ask }, {});
    asking[Symbol.dispose]();
    output.end();
    return { values, shown: await shown };
  }

  it('take the default for nothing, ask again after a mistake, and show no secret', async () => {
    const { values, shown } = await answering('', 'sk-secret', '', 'no port', 'temporal:7233', '', '2.5', 'acme/shop', '');
    expect(values).toEqual({
      ANTHROPIC_API_KEY: 'sk-secret',
      TEMPORAL_ADDRESS: 'temporal:7233',
      BELAY_BUDGET_USD: '2.5',
      BELAY_REPOSITORIES: 'acme/shop',
    });
    expect(shown).toContain('Which agent works [claude]');
    expect(shown).toContain('must be host:port');
    expect(shown).not.toContain('sk-secret');
  });

  it('about a key of an agent that is not used are left out', async () => {
    const { shown } = await answering('scripted', '', '', '', '', '', '');
    expect(shown).not.toContain('API key');
  });
});

describe('the written file', () => {
  it('holds values so that shells and Node read the same', async () => {
    await using folder = await temporaryDirectory();
    const file = join(folder.path, '.env');
    const value = 'postgres://belay:a$b `c` "d" #e@db/belay';
    await writeFile(file, envFile({ BELAY_DATABASE_URL: value }));
    expect(await sourced(file, 'BELAY_DATABASE_URL')).toBe(value);
    expect(parseEnv(await readFile(file, 'utf8'))).toEqual({ BELAY_DATABASE_URL: value });
    expect(() => envFile({ BELAY_MODEL: "it's" })).toThrow(BelayError);
  });
});
