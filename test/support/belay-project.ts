import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { Context } from '../../src/cli/context.ts';
import { intakeOf } from '../../src/compose-intake.ts';
import type { ApprovalName, CommandName, PhaseName, PipelineName, Priority, WorkspaceKind } from '../../src/contracts/constants.ts';
import type { PullRequest } from '../../src/contracts/repository.ts';
import type { RunLimits } from '../../src/contracts/run-input.ts';
import { withoutUndefined } from '../../src/contracts/without-undefined.ts';
import type { WaitLimits } from '../../src/contracts/run-input.ts';
import type { RunView } from '../../src/contracts/run-view.ts';
import type { ScriptTurn } from '../../src/engines/script.ts';
import type { IntakeDependencies, Order } from '../../src/intake/order.ts';
import { takeOrder } from '../../src/intake/order.ts';
import { retryOrder } from '../../src/intake/retry.ts';
import { startRun } from '../../src/intake/start-run.ts';
import { parseTarget } from '../../src/intake/target.ts';
import { testRun } from './belay-run.ts';
import type { TestRun } from './belay-run.ts';
import type { Files } from './git-remote.ts';
import { userProject } from './project.ts';
import type { Project } from './project.ts';

export type Turns = Partial<Record<CommandName, ScriptTurn[]>>;

/** Brings an issue to a pull request at once. */
export const HAPPY_TURNS: Record<CommandName, ScriptTurn[]> = {
  classify: [{ json: { class: 'bug', reason: 'Something is missing.' } }],
  plan: [{ say: '# Plan\n\nWrite it down in notes.md.' }],
  implement: [{ say: 'Wrote it down.', write: { 'notes.md': 'written down\n' } }],
  'test-results': [{ json: { tests: [] } }],
  'resolve-failed-test': [{ say: 'Nothing helped.' }],
  review: [{ json: { passed: true, issues: [] } }],
  'resolve-review-issue': [{ say: 'Nothing helped.' }],
  'resolve-conflict': [{ say: 'Nothing helped.' }],
  document: [{ say: 'Nothing to document.' }],
  'commit-message': [{ say: 'fix: write it down' }],
  'pull-request': [{ json: { title: 'Write it down', body: 'It is written down now.' } }],
};

export interface ProjectOptions {
  /** Instead of a shell script as tests, which fails while there is a `broken.txt`. */
  files?: Files;
  /** Over turns that succeed at once. */
  script?: Turns;
  /** Instead of minutes and days. */
  waits?: WaitLimits;
}

export interface RunOptions {
  pipeline?: PipelineName;
  fresh?: boolean;
  base?: string;
  workspace?: WorkspaceKind;
  budgetUsd?: number;
  approve?: ApprovalName[];
  priority?: Priority;
  /** Ada, unless said. */
  triggeredBy?: string;
  /** Over those of the installation. */
  limits?: Partial<RunLimits>;
  /** Instead of the project's issue: a file, a number, or a request in words. */
  target?: string;
}

/** A user's clone, and what they do with Belay in it. */
export interface BelayProject extends Project {
  /** Changes what the agent will do. */
  script(turns: Turns): Promise<void>;
  run(options?: RunOptions): Promise<TestRun>;
  /** Goes on where a closed run ended, as `belay retry` does. */
  retry(run: RunView, phase?: PhaseName): Promise<TestRun>;
  /** Goes on from a version of a closed run, as `belay rollback` does. */
  rollback(run: RunView, version: number): Promise<TestRun>;
  pullRequests(): Promise<PullRequest[]>;
  /** The living comment on an issue. */
  comment(issue?: string): Promise<string>;
  /** Of the issue. */
  labels(): Promise<string[]>;
  /** As a person does who edits the issue's file. */
  setIssueState(state: 'open' | 'closed'): Promise<void>;
  /** Adds to the issue's text. */
  editIssue(text: string): Promise<void>;
  /** Belay's branches in the project. */
  branches(): Promise<string[]>;
}

export async function openProject(
  context: Context & { client: Client },
  folder: string,
  { files, script = {}, waits }: ProjectOptions,
): Promise<BelayProject> {
  await mkdir(folder, { recursive: true });
  const project = await userProject(folder, files ? { files } : {});
  const repository = await context.forges.local.register({ path: project.path });
  const scriptFile = join(folder, 'script.yml');
  // JSON is YAML.
  const play = (turns: Turns): Promise<void> => writeFile(scriptFile, JSON.stringify({ ...HAPPY_TURNS, ...turns }));
  await play(script);
  const { defaults, ...intake } = intakeOf(context);
  const limits = { ...defaults.limits, ...(waits ? { waits } : {}) };
  const deps: IntakeDependencies = { ...intake, defaults: { ...defaults, limits, script: scriptFile } };
  const forgeFolder = join(context.config.home, 'forge', repository.owner, repository.name);
  const comment = (issue = '1'): Promise<string> => onlyComment(join(forgeFolder, 'issues', `${issue}.comments`));
  const start = async (order: Order): Promise<TestRun> => testRun({ ...context, started: await startRun(context, order), order, comment });
  return {
    ...project,
    script: play,
    async run(options = {}) {
      const limits = { ...deps.defaults.limits, ...options.limits };
      return start(await takeOrder({ ...deps, defaults: { ...deps.defaults, limits } }, await requestOf(project, options)));
    },
    rollback: async (run, version) => start(await retryOrder(deps, run, { triggeredBy: 'ada', version })),
    retry: async (run, phase) => start(await retryOrder(deps, run, { triggeredBy: 'ada', ...(phase ? { phase } : {}) })),
    pullRequests: () => context.forges.local.listPullRequests({ repository }),
    comment,
    labels: async () => (await context.trackers.local.getIssue({ tracker: 'local', repository, key: '1' })).labels,
    async editIssue(text) {
      const path = join(forgeFolder, 'issues', '1.md');
      await writeFile(path, `${await readFile(path, 'utf8')}\n${text}\n`);
    },
    async setIssueState(state) {
      const path = join(forgeFolder, 'issues', '1.md');
      await writeFile(path, (await readFile(path, 'utf8')).replace(/^state: .*$/m, `state: ${state}`));
    },
    async branches() {
      const listed = await project.git('for-each-ref', '--format=%(refname:short)', 'refs/heads/belay/');
      return listed.split('\n').filter((branch) => branch !== '');
    },
  };
}

async function requestOf(project: Project, options: RunOptions) {
  const { pipeline = 'sdlc', fresh = false, base, workspace, budgetUsd, approve, priority } = options;
  const { target = project.issue, triggeredBy = 'ada' } = options;
  return {
    target: await parseTarget(target, { gitHubHost: 'github.com' }),
    repository: project.path,
    workingDirectory: project.path,
    pipeline,
    fresh,
    requested: withoutUndefined({ budgetUsd, workspace, approve, priority }),
    triggeredBy,
    ...(base ? { base } : {}),
  };
}

async function onlyComment(folder: string): Promise<string> {
  const files = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.md'));
  if (files.length > 1) throw new Error(`${folder} holds ${files.length} comments, not one living one.`);
  return files[0] ? readFile(join(folder, files[0]), 'utf8') : '';
}
