import { userInfo } from 'node:os';
import path from 'node:path';
import type { EngineName, PipelineName } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import type { ScheduledRun } from '../contracts/triggers.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import { gitHubRepository } from '../intake/repository-name.ts';
import { parseTarget } from '../intake/target.ts';
import type { Target } from '../intake/target.ts';
import { addSchedule, listSchedules, removeSchedule } from '../temporal/schedules.ts';
import type { Context } from './context.ts';
import { findSession, needsDev } from './session.ts';
import type { Session } from './session.ts';
import { EXIT } from './terminal.ts';

export interface AddScheduleOptions {
  cron: string;
  repo?: string;
  pipeline?: PipelineName;
  engine?: EngineName;
  model?: string;
  budget?: number;
}

const NAME = /^[a-z\d][a-z\d-]{0,62}$/;

/** `belay schedule add`. */
export async function scheduleAdd(context: Context, name: string, target: string, options: AddScheduleOptions): Promise<number> {
  if (!NAME.test(name))
    throw new BelayError({
      code: 'invalid_input',
      message: `'${name}' is not a name for a schedule.`,
      hint: 'Up to 63 small letters, digits and hyphens, such as `weekly-updates`.',
    });
  const run = await runOf(context, { name, target, options });
  await using session = await temporalOf(context);
  await addSchedule(session.client, { run, cron: options.cron });
  await note(context, 'schedule.add', name);
  const added = (await listSchedules(session.client)).find((each) => each.run.name === name);
  context.terminal.out(`Schedule ${name} is there${added?.next ? `: next at ${moment(added.next)}` : ''}.`);
  return EXIT.ok;
}

interface Asked {
  name: string;
  target: string;
  options: AddScheduleOptions;
}

/** What is relative to this folder now is named in full: the worker is somewhere else then. */
async function runOf({ gitHub }: Context, { name, target, options }: Asked): Promise<ScheduledRun> {
  const { repo, pipeline, engine, model, budget } = options;
  const parsed = await parseTarget(target, { gitHubHost: gitHub.host });
  requirePlace(parsed, repo);
  const isPath = repo !== undefined && !gitHubRepository(repo, gitHub);
  const repository = isPath ? path.resolve(repo) : repo;
  return {
    name,
    target: parsed.kind === 'file' ? parsed.path : target,
    by: userInfo().username,
    ...withoutUndefined({ repository, pipeline, engine, model, budgetUsd: budget }),
  };
}

function requirePlace(target: Target, repo: string | undefined): void {
  if (repo !== undefined || (target.kind === 'issue' && target.repository)) return;
  throw new BelayError({
    code: 'invalid_input',
    message: 'The schedule does not say which repository it is about.',
    hint: 'Name it with `--repo`: a schedule has no folder that it is in.',
  });
}

/** `belay schedule list`. */
export async function scheduleList(context: Context, { json }: { json: boolean }): Promise<number> {
  await using session = await temporalOf(context);
  const schedules = await listSchedules(session.client);
  const { terminal } = context;
  if (json) terminal.out(JSON.stringify(schedules, undefined, 2));
  else if (schedules.length === 0) terminal.out('There are no schedules. `belay schedule add` makes one.');
  else
    for (const { run, cron, next } of schedules)
      terminal.out([run.name, cron, next ? `next ${moment(next)}` : 'never', run.target].join('  '));
  return EXIT.ok;
}

/** `belay schedule remove`. */
export async function scheduleRemove(context: Context, name: string): Promise<number> {
  await using session = await temporalOf(context);
  await removeSchedule(session.client, name);
  await note(context, 'schedule.remove', name);
  context.terminal.out(`Schedule ${name} is gone.`);
  return EXIT.ok;
}

/** Schedules live in Temporal: one that goes away with this command would be of no use. */
async function temporalOf(context: Context): Promise<Session> {
  const session = await findSession(context);
  if (session) return session;
  throw needsDev('`belay schedule`');
}

const note = ({ ledger }: Context, action: string, target: string): Promise<unknown> =>
  ledger.appendAudit({ at: new Date().toISOString(), actor: userInfo().username, role: 'admin', source: 'cli', action, target });

const moment = (at: string): string => `${at.slice(0, 16).replace('T', ' ')} UTC`;
