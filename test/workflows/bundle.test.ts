import { beforeAll, describe, expect, it } from 'vitest';
import { PIPELINES } from '../../src/contracts/constants.ts';
import { loadWorkflowBundle } from '../../src/temporal/workflow-bundle.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Measured at 0.66 MB, nearly all of it Temporal's; zod alone would add 1.1 MB. */
const MAX_BYTES = 900_000;

const PACKAGES = ['@temporalio/common', '@temporalio/workflow', 'long', 'ms', 'nexus-rpc'];

let code: string;
let files: string[];
beforeAll(async () => {
  await using folder = await temporaryDirectory();
  const bundle = await loadWorkflowBundle(folder.path);
  // After the code comes its source map, which nothing runs.
  code = bundle.code.slice(0, bundle.code.lastIndexOf('//# sourceMappingURL'));
  // Webpack names every module that it puts in.
  files = [...code.matchAll(/^\s*!\*\*\* (\S+) \*\*\*!$/gm)].map(([, file]) => file as string);
});

describe('the bundle of pipelines', () => {
  it('holds all of them by their names', () => {
    for (const name of PIPELINES)
      expect(code).toMatch(new RegExp(String.raw`_pipeline_ts__WEBPACK_IMPORTED_MODULE_\d+__\.pipeline\)\('${name}'`));
  });

  it('is small', () => {
    expect(Buffer.byteLength(code)).toBeLessThan(MAX_BYTES);
  });

  it('holds no packages but Temporal’s own, so neither zod nor anything of Node', () => {
    const packages = files.flatMap((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)(?!.*node_modules)/.exec(file)?.[1] ?? []);
    expect([...new Set(packages)].toSorted()).toEqual(PACKAGES);
    expect(files.filter((file) => /^(node:|external )/.test(file))).toEqual([]);
  });

  it('holds nothing else of Belay but constants', () => {
    const ours = files.filter((file) => file.includes('/src/') && !file.includes('/node_modules/') && !file.includes('/src/workflows/'));
    expect(ours.map((file) => file.slice(file.lastIndexOf('/src/')))).toEqual([
      '/src/contracts/backoff.ts',
      '/src/contracts/constants.ts',
      '/src/contracts/elapsed.ts',
      '/src/contracts/error-catalogue.ts',
      '/src/contracts/evidence.ts',
      '/src/contracts/repository.ts',
      '/src/contracts/spending.ts',
      '/src/contracts/versions.ts',
      '/src/contracts/without-undefined.ts',
    ]);
  });
});
