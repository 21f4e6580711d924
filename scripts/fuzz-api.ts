import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { fuzzedApi } from '../test/support/fuzzed-api.ts';
import { schemathesis } from '../test/support/schemathesis.ts';

/**
 * `npm run fuzz:api`: has schemathesis make up requests by the OpenAPI document, and hold the answers against it. The API, its ledger and
 * Temporal are real. `-- --short` is what continuous integration does; `--no-temporal` has nothing answer in Temporal's place.
 */
const { values } = parseArgs({
  allowNegative: true,
  options: {
    short: { type: 'boolean', default: false },
    temporal: { type: 'boolean', default: true },
    postgres: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    /** How many requests are made up for each route; each phase has its own. */
    examples: { type: 'string' },
    /** Some routes only, by a pattern of their paths. */
    only: { type: 'string' },
  },
});

const SUPPORT = join(import.meta.dirname, '../test/support');
const { temporal, postgres, seed, short, only } = values;
const program = await schemathesis(process.env).catch((error: unknown) => {
  if (!short) throw error;
  console.log(`Not tried: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(0);
});
await using fuzzed = await fuzzedApi({ temporal, postgres });
const { api, token, known } = fuzzed;
const folder = await mkdtemp(join(tmpdir(), 'belay-fuzz-'));
try {
  const phases = short ? 'coverage,fuzzing' : 'examples,coverage,fuzzing,stateful';
  const options = {
    header: `Authorization: Bearer ${token}`,
    seed,
    'max-examples': values.examples ?? (short ? '12' : '100'),
    phases,
    'generation-database': 'none',
    'generation-allow-x00': 'true',
    'request-timeout': '30',
    // All that it follows never ends.
    'exclude-operation-id': 'get-events',
    // 503 is an answer of its own: away_says_when_to_come_back looks at it.
    'exclude-checks': 'not_a_server_error',
    ...(only ? { 'include-path-regex': only } : {}),
  };
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  const config = join(SUPPORT, 'schemathesis.toml');
  const command = ['--config-file', config, 'run', `${api.url}/openapi.json`, ...flags, '--continue-on-failure', '--no-color'];
  const { exitCode } = await execa(program, command, {
    cwd: folder,
    env: {
      SCHEMATHESIS_HOOKS: join(SUPPORT, 'schemathesis_hooks.py'),
      BELAY_FUZZ_KNOWN: JSON.stringify(known),
    },
    stdio: 'inherit',
    reject: false,
  });
  const unexpected = api.log.filter((line) => line.includes('failed unexpectedly'));
  for (const line of unexpected) console.error(line);
  console.log(`${api.log.length} lines in the API's log, ${unexpected.length} of requests that failed unexpectedly`);
  process.exitCode = exitCode === 0 && unexpected.length === 0 ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
