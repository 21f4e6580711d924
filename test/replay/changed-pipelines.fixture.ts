import { implement } from '../../src/workflows/phases/implement.ts';
import { plan } from '../../src/workflows/phases/plan.ts';
import { pipeline } from '../../src/workflows/pipeline.ts';

/** Leaves out what the recorded runs of this name began with. */
export const planBuild = pipeline('planBuild', [plan, implement]);
