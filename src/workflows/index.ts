import { approval } from './approval.ts';
import { pipeline } from './pipeline.ts';
import { classify } from './phases/classify.ts';
import { document as documentPhase } from './phases/document.ts';
import { implement } from './phases/implement.ts';
import { plan as planPhase } from './phases/plan.ts';
import { publish } from './phases/publish.ts';
import { review as reviewPhase } from './phases/review.ts';
import { test as testPhase } from './phases/test.ts';

/** What schedules start. */
export { pollIssues, startScheduled } from './scheduled.ts';

/** The whole way from an issue to a pull request. */
export const sdlc = pipeline('sdlc', [
  classify,
  planPhase,
  approval('plan'),
  implement,
  testPhase,
  reviewPhase,
  documentPhase,
  approval('publish'),
  publish,
]);

export const planBuild = pipeline('planBuild', [classify, planPhase, approval('plan'), implement]);
export const planBuildTest = pipeline('planBuildTest', [classify, planPhase, approval('plan'), implement, testPhase]);
export const planBuildTestReview = pipeline('planBuildTestReview', [
  classify,
  planPhase,
  approval('plan'),
  implement,
  testPhase,
  reviewPhase,
]);

// One phase alone, on what the issue's earlier run left.
export const plan = pipeline('plan', [classify, planPhase]);
export const build = pipeline('build', [implement]);
export const test = pipeline('test', [testPhase]);
export const review = pipeline('review', [reviewPhase]);
export const document = pipeline('document', [documentPhase]);
export const ship = pipeline('ship', [approval('publish'), publish]);
