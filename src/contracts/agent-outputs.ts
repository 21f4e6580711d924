import { z } from 'zod';

/** What agents answer as JSON. The same schemas are given to the CLIs as JSON Schema and used to check the answers. */

export const ISSUE_CLASSES = ['feature', 'bug', 'chore'] as const;

export const classification = z.object({
  class: z.enum(ISSUE_CLASSES).describe('feature: new behaviour; bug: wrong behaviour; chore: everything else'),
  reason: z.string().describe('one sentence'),
});
export type Classification = z.infer<typeof classification>;

export const reviewIssue = z.object({
  title: z.string().min(1),
  description: z.string().describe('what is wrong, why, and what would be right'),
  severity: z
    .enum(['blocker', 'tech_debt', 'skippable'])
    .describe('blocker: must be mended before this is published; tech_debt: should be mended later; skippable: taste'),
  files: z.array(z.string()).default([]),
  screenshots: z.array(z.string()).default([]),
});

export const review = z.object({
  passed: z.boolean(),
  summary: z.string().optional(),
  issues: z.array(reviewIssue).default([]),
  screenshots: z.array(z.string()).default([]),
});
export type Review = z.infer<typeof review>;

const listedTest = z.object({
  name: z.string().min(1).describe('as the log calls it'),
  file: z.string().optional().describe('relative to the root of the repository, if the log names it'),
  passed: z.boolean(),
  error: z.string().optional().describe('what the log says of the failure, word for word, at most 40 lines'),
  command: z.string().optional().describe('the command that was run with more arguments, if that runs this test alone'),
  purpose: z.string().optional().describe('what the test checks, in a few words'),
});
/** An object around the list, because the CLIs take no other schema. */
export const testResults = z.object({ tests: z.array(listedTest).max(1000).describe('failed ones first') });
export type TestResults = z.infer<typeof testResults>;

export const pullRequestText = z.object({
  title: z.string().min(1).max(256),
  body: z.string().describe('Markdown: what was done and why, for the reader of the pull request'),
});

/** Schemas by the name that a command's front matter uses. */
export const OUTPUT_SCHEMAS = { classify: classification, review, 'test-results': testResults, 'pull-request': pullRequestText } as const;
export type OutputName = keyof typeof OUTPUT_SCHEMAS;
