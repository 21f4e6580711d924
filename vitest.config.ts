import { defineConfig } from 'vitest/config';
import { LongFirst } from './test/support/long-first.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/agents/**', 'test/fixtures/**', 'node_modules/**'],
    // Worker threads crash once several files load Temporal's native bridge.
    pool: 'forks',
    execArgv: ['--disable-warning=ExperimentalWarning', '--import', new URL('test/support/stripped-sources.mjs', import.meta.url).href],
    maxWorkers: 2,
    sequence: { sequencer: LongFirst },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // The tests load sources as the product does: Node itself strips the types (of each file once, see stripped-sources.mjs).
    experimental: { viteModuleRunner: false },
    coverage: {
      provider: 'custom',
      customProviderModule: './test/support/coverage-provider.ts',
      include: ['src/**/*.ts'],
      reporter: ['text', 'json-summary'],
      reportsDirectory: 'coverage',
      // The command line, the worker and the agents are processes of their own.
      autoAttachSubprocess: true,
      thresholds: { lines: 80 },
    },
  },
});
