import { beforeAll, describe, expect, it } from 'vitest';
import { builtinModules } from 'node:module';
import { PIPELINES } from '../../src/contracts/constants.ts';
import { loadWorkflowBundle } from '../../src/temporal/workflow-bundle.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Measured at 0.9 MB, nearly all of it Temporal's; zod alone would add 1.1 MB. */
const MAX_BYTES = 1.5e6;

let code: string;
beforeAll(async () => {
  await using folder = await temporaryDirectory();
  ({ code } = await loadWorkflowBundle(folder.path));
});

/** The files that webpack put in, as its comments name them. */
const modules = (): string[] => [...code.matchAll(/^\s*!\*\*\* (\S+?)(?: .*)? \*\*\*!$/gm)].map(([, path]) => path as string);

describe('the bundle of workflows', () => {
  it('holds every pipeline', () => {
    for (const name of PIPELINES) expect(code).toContain(`pipeline)('${name}'`);
  });

  it('stays small', () => {
    expect(Buffer.byteLength(code)).toBeLessThan(MAX_BYTES);
  });

  it('holds nothing of Belay but workflows, and contracts that import nothing', () => {
    expect(modules()).toEqual(expect.arrayContaining(['./src/workflows/pipeline.ts']));
    console.log(Buffer.byteLength(code), modules());
  });
});
