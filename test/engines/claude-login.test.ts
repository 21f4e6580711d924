import { expect, test } from 'vitest';
import { composeEngines } from '../../src/compose-engines.ts';
import { loadConfig } from '../../src/config.ts';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '../support/temporary-directory.ts';

test('each turn of claude has the API key of the moment', async () => {
  await using folder = await temporaryDirectory();
  const file = join(folder.path, 'key');
  await writeFile(file, 'sk-first');
  const env = { HOME: folder.path, ANTHROPIC_API_KEY_FILE: file, BELAY_CLAUDE_PATH: process.execPath };
  const { claude } = composeEngines(loadConfig(env), env);
  const turn = { prompt: '', permissions: [], sessionId: 'a', cwd: folder.path } as unknown as Parameters<typeof claude.command>[0];
  expect(claude.command(turn).env).toMatchObject({ ANTHROPIC_API_KEY: 'sk-first' });
  await writeFile(file, 'sk-second');
  expect(claude.command(turn).env).toMatchObject({ ANTHROPIC_API_KEY: 'sk-second' });
});
