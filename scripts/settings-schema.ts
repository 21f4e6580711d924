import { readFile, writeFile } from 'node:fs/promises';
import { repositorySettingsJsonSchema } from '../src/repository-settings-schema.ts';

/** Writes `docs/belay.schema.json`, which editors complete `.belay.yml` by. With `--check` it writes nothing and fails when it differs. */
const file = new URL('../docs/belay.schema.json', import.meta.url);
const text = `${JSON.stringify(repositorySettingsJsonSchema(), undefined, 2)}\n`;
const present = await readFile(file, 'utf8').catch(() => '');
if (text !== present && process.argv.includes('--check')) {
  process.stderr.write(
    'docs/belay.schema.json no longer says what src/repository-settings-schema.ts says: run `node scripts/settings-schema.ts`.\n',
  );
  process.exitCode = 1;
} else if (text !== present) {
  await writeFile(file, text);
}
