import { Option } from 'commander';
import { ENGINES, PIPELINES } from '../contracts/constants.ts';
import { inContext, json, toRead } from './define.ts';
import type { Define } from './define.ts';
import type { AddScheduleOptions } from './schedules.ts';
import { dollars } from './values.ts';

/** What starts runs by itself: whether it may, and when. */
export function triggerCommands(set: Define): void {
  intakeCommands(set);
  scheduleCommands(set);
}

function intakeCommands(set: Define): void {
  const intake = set.program.command('intake').description('whether new runs may begin; those that are open go on in any case');
  const commands = () => import('./intake.ts');
  intake
    .command('pause')
    .description('holds new runs back, by whatever way they would begin')
    .action(() => toRead(set, async (context) => (await commands()).pauseIntake(context)));
  intake
    .command('resume')
    .description('lets them begin again; what webhooks have told of meanwhile begins then')
    .action(() => toRead(set, async (context) => (await commands()).resumeIntake(context)));
  intake
    .command('status')
    .description('whether they may')
    .addOption(json())
    .action((options: { json: boolean }) => toRead(set, async (context) => (await commands()).intakeStatus(context, options)));
}

function scheduleCommands(set: Define): void {
  const schedule = set.program.command('schedule').description('runs that begin by the clock');
  const commands = () => import('./schedules.ts');
  schedule
    .command('add')
    .description('has a run begin again and again')
    .argument('<name>', 'of the schedule')
    .argument('<issue>', 'what to work on, as for `belay run`')
    .requiredOption('--cron <times>', 'five fields as for cron, in UTC: "0 6 * * 1" is Mondays at six')
    .option('--repo <repository>', 'a path on the host of the worker, or a repository on GitHub')
    .addOption(new Option('--pipeline <pipeline>', 'how far to go (default: sdlc, the whole way)').choices(PIPELINES))
    .addOption(new Option('--engine <engine>', 'the agent').choices(ENGINES))
    .option('--model <model>', "the agent's model")
    .option('--budget <usd>', 'what each run may cost', dollars)
    .action((name: string, target: string, options: AddScheduleOptions) =>
      inContext(set, async (context) => (await commands()).scheduleAdd(context, name, target, options)),
    );
  schedule
    .command('list')
    .description('the schedules, and when each is next')
    .addOption(json())
    .action((options: { json: boolean }) => inContext(set, async (context) => (await commands()).scheduleList(context, options)));
  schedule
    .command('remove')
    .description('takes a schedule away; runs that it has begun go on')
    .argument('<name>')
    .action((name: string) => inContext(set, async (context) => (await commands()).scheduleRemove(context, name)));
}
