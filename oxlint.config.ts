import { defineConfig } from 'oxlint';

/** Programs of their own: they may read the environment and talk to the terminal. */
const PROGRAMS = ['src/cli.ts', 'src/cli/**', 'src/worker.ts', 'src/api.ts'];

/** Small programs that Belay starts beside itself. */
const CHILD_PROGRAMS = ['src/engines/scripted-agent.ts', 'src/process/reaper.ts'];

export default defineConfig({
  plugins: ['typescript', 'import', 'promise', 'node', 'unicorn', 'oxc'],
  jsPlugins: ['./lint/boundaries.ts'],
  categories: { correctness: 'error', suspicious: 'error' },
  options: { typeAware: true },
  env: { node: true, es2024: true },
  ignorePatterns: ['samples/**', 'test/fixtures/**', 'test/agents/**', 'coverage/**', 'dist/**'],
  rules: {
    'belay/boundaries': 'error',
    // what TypeScript cannot see
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/await-thenable': 'error',
    'typescript/return-await': ['error', 'error-handling-correctness-only'],
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/consistent-type-imports': ['error', { prefer: 'type-imports', fixStyle: 'separate-type-imports' }],
    'import/consistent-type-specifier-style': ['error', 'prefer-top-level'],
    'import/no-cycle': 'error',
    'import/no-default-export': 'error',
    'import/no-mutable-exports': 'error',
    'unicorn/prefer-node-protocol': 'error',
    'oxc/no-barrel-file': ['error', { threshold: 0 }],
    eqeqeq: ['error', 'always', { null: 'ignore' }],
    'no-console': 'error',
    'node/no-process-env': 'error',
    'max-lines': ['error', { max: 300, skipBlankLines: false, skipComments: false }],
    'max-lines-per-function': ['error', { max: 60, skipBlankLines: false, skipComments: false }],
    // style that does not hold here
    'no-underscore-dangle': 'off',
    'no-shadow': 'off',
    'unicorn/no-array-sort': 'off',
    'unicorn/no-array-reverse': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'typescript/no-unsafe-type-assertion': 'off',
    'typescript/no-misused-spread': 'off',
    'typescript/unbound-method': 'off',
    'typescript/only-throw-error': 'off', // what was caught is rethrown as it is
    'no-control-regex': 'off',
    'promise/always-return': 'off',
  },
  overrides: [
    { files: PROGRAMS, rules: { 'no-console': 'off', 'node/no-process-env': 'off' } },
    { files: CHILD_PROGRAMS, rules: { 'node/no-process-env': 'off' } },
    { files: ['src/workflows/index.ts'], rules: { 'oxc/no-barrel-file': 'off' } },
    { files: ['scripts/**', 'bench/**', 'chaos/**', 'lint/**'], rules: { 'no-console': 'off', 'node/no-process-env': 'off' } },
    { files: ['test/**'], rules: { 'max-lines-per-function': 'off', 'node/no-process-env': 'off' } },
    {
      files: ['*.config.ts', 'lint/boundaries.ts', 'test/support/coverage-provider.ts'],
      rules: { 'import/no-default-export': 'off', 'node/no-process-env': 'off' },
    },
  ],
});
