import { Argument, Command, CommanderError, Option } from 'commander';
import type { EngineName, RunStatus } from '../contracts/constants.ts';
import { APPROVALS, ENGINES, PIPELINES, RUN_STATUSES, WORKSPACE_KINDS } from '../contracts/constants.ts';
import { approvalOrders } from './approval-commands.ts';
import { inContext, json, phase, toRead } from './define.ts';
import type { Declare, Define, ProgramRequest } from './define.ts';
import { age } from './age.ts';
import { packageVersion } from '../package-version.ts';
import type { Shell } from './completion-scripts.ts';
import { COMPLETION_SCRIPTS, SHELLS } from './completion-scripts.ts';
import { auditCommands, ledgerCommands } from './ledger-commands.ts';
import type { RetryOptions, RollbackOptions } from './orders.ts';
import type { RunOptions } from './run.ts';
import { serviceCommands } from './service-commands.ts';
import { setupCommand } from './setup-command.ts';
import { triggerCommands } from './trigger-commands.ts';
import { EXIT } from './terminal.ts';
import { approvals, count, dollars, priority } from './values.ts';

/** The command line: arguments to an exit code. Commands are loaded when they are called, so that reading ones start quickly. */
export function createProgram({ env, terminal }: ProgramRequest): (args: readonly string[]) => Promise<number> {
  return async (args) => {
    let code: number = EXIT.ok;
    const program = declareCommands({ env, terminal, done: (result) => (code = result) });
    try {
      await program.parseAsync([...args], { from: 'user' });
      return code;
    } catch (error) {
      if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
      throw error;
    }
  };
}

/** Every command with its arguments and options, ready to parse. */
export function declareCommands({ env, terminal, done }: Declare): Command {
  const program = new Command('belay')
    .description('Brings an issue to a reviewed, tested pull request, durably.')
    .version(packageVersion())
    .exitOverride()
    // `belay rollback --version 3` is not asked for the version of Belay.
    .enablePositionalOptions()
    .configureOutput({ writeOut: (text) => terminal.out(text.trimEnd()), writeErr: (text) => terminal.note(text.trimEnd()) })
    .showHelpAfterError('(belay --help shows what there is)');
  const all = [
    servers,
    setupCommand,
    serviceCommands,
    triggerCommands,
    runs,
    readers,
    orders,
    approvalOrders,
    pullRequests,
    upkeep,
    ledgerCommands,
    auditCommands,
    completion,
  ];
  for (const define of all) define({ program, env, terminal, done });
  return program;
}

function servers(set: Define): void {
  const { program, env, terminal, done } = set;
  program
    .command('dev')
    .description('Temporal, a worker and the API on this machine, until Ctrl-C')
    .addOption(new Option('--until-unused').hideHelp().default(false))
    .action(async ({ untilUnused }: { untilUnused: boolean }) => {
      const [{ dev }, { loadConfig }] = await Promise.all([import('./dev.ts'), import('../config.ts')]);
      done(await dev({ config: loadConfig(env), env, terminal, untilUnused }));
    });
  program
    .command('worker')
    .description('a worker of the Temporal service that TEMPORAL_ADDRESS names')
    .option('--roles <list>', 'orchestrator, runner, or both with a comma between (default: BELAY_WORKER_ROLES, else both)')
    .action(async ({ roles }: { roles?: string }) => {
      const { runWorker } = await import('../worker.ts');
      await runWorker(roles === undefined ? env : { ...env, BELAY_WORKER_ROLES: roles });
    });
  program
    .command('demo')
    .description('brings the bundled sample issue to a pull request')
    .addOption(new Option('--engine <engine>', 'who plays the agent').choices(ENGINES).default('scripted'))
    .option('--keep', 'keep the servers up afterwards', false)
    .action(async (options: { engine: EngineName; keep: boolean }) => {
      const { demo } = await import('./demo.ts');
      done(await demo({ env, terminal }, options));
    });
}

function runs(set: Define): void {
  set.program
    .command('run')
    .description('works on an issue until there is a pull request')
    .argument('<issue>', 'a Markdown file, an issue number, owner/repo#number, the address of an issue, or the request itself in quotes')
    .option('--repo <repository>', 'a path, or a repository on GitHub by name or address (default: the one you are in)')
    .option('--base <branch>', 'what the work is based on (default: the branch that is checked out; on GitHub the default branch)')
    .addOption(new Option('--pipeline <pipeline>', 'how far to go (default: sdlc, the whole way)').choices(PIPELINES))
    .addOption(new Option('--engine <engine>', 'the agent').choices(ENGINES))
    .option('--model <model>', "the agent's model")
    .addOption(new Option('--workspace <kind>', 'a worktree, or a clone with a git directory of its own').choices(WORKSPACE_KINDS))
    .option('--plan <file>', 'a plan to follow instead of having one made')
    .option('--budget <usd>', 'what the run may cost', dollars)
    .option('--priority <1-5>', 'who is first when workspaces are short: 1 before 5 (default: 3)', priority)
    .addOption(
      new Option('--approve <what>', 'wait for a person before the plan is carried out, or the work published')
        .choices(APPROVALS)
        .argParser(approvals),
    )
    .option('--fresh', "start over instead of continuing the issue's open pull request", false)
    .option('--detach', 'start it and return; needs a running `belay dev`', false)
    .addOption(json())
    .action((target: string, options: RunOptions) =>
      inContext(set, async (context) => {
        const { run } = await import('./run.ts');
        return run(context, target, options);
      }),
    );
}

function readers(set: Define): void {
  const { program } = set;
  program
    .command('list')
    .description('the newest runs')
    .addOption(new Option('--status <status>', 'only runs with this status').choices(RUN_STATUSES))
    .option('--limit <count>', 'how many', count, 20)
    .addOption(json())
    .action((options: { status?: RunStatus; limit: number; json: boolean }) =>
      toRead(set, async (context) => (await import('./list.ts')).list(context, options)),
    );
  program
    .command('parked')
    .description('runs that wait for a person: since when, why, and what to do')
    .option('--closed', 'and those that have been closed since, and can be retried', false)
    .addOption(json())
    .action((options: { closed: boolean; json: boolean }) =>
      toRead(set, async (context) => (await import('./parked.ts')).parked(context, options)),
    );
  program
    .command('show')
    .description('one run: phases, steps, files')
    .argument('<id>', 'the run; the start of its id is enough')
    .option('--history', 'how it stood after each phase and each order, which `belay rollback` goes back to', false)
    .addOption(json())
    .action((id: string, options: { history: boolean; json: boolean }) =>
      toRead(set, async (context) => (await import('./show.ts')).show(context, id, options)),
    );
  program
    .command('logs')
    .description('what a run has said')
    .argument('<id>')
    .option('-f, --follow', 'until it rests', false)
    .addOption(json())
    .action((id: string, options: { follow: boolean; json: boolean }) =>
      toRead(set, async (context) => (await import('./logs.ts')).logs(context, id, options)),
    );
}

function orders(set: Define): void {
  const { program } = set;
  program
    .command('open')
    .description("a shell in a run's workspace, or in a copy of its work")
    .argument('<id>')
    .option('--path', 'only print where it is', false)
    .option('--version <number>', 'as it was at a version (see `belay show --history`)', count)
    .action((id: string, options: { path: boolean; version?: number }) =>
      inContext(set, async (context) => (await import('./open.ts')).open(context, id, options)),
    );
  program
    .command('cancel')
    .description('ends a run cleanly')
    .argument('<id>')
    .option('--reason <text>', 'why, for the issue and the record')
    .addOption(json())
    .action((id: string, options: { reason?: string; json: boolean }) =>
      inContext(set, async (context) => (await import('./orders.ts')).cancel(context, id, options)),
    );
  program
    .command('retry')
    .description('goes on with a run that is parked, failed or cancelled')
    .argument('<id>')
    .addOption(phase())
    .option('--budget <usd>', 'what the run may cost from here on, in all', dollars)
    .option('--detach', 'return at once; needs a running `belay dev`', false)
    .addOption(json())
    .action((id: string, options: RetryOptions) =>
      inContext(set, async (context) => (await import('./orders.ts')).retry(context, id, options)),
    );
  program
    .command('rollback')
    .description('goes on with a parked or closed run from an earlier version of its work (see `belay show --history`)')
    .argument('<id>')
    .requiredOption('--version <number>', 'the version to go back to', count)
    .option('--detach', 'return at once; needs a running `belay dev`', false)
    .addOption(json())
    .action((id: string, options: RollbackOptions) =>
      inContext(set, async (context) => (await import('./orders.ts')).rollback(context, id, options)),
    );
}

function pullRequests(set: Define): void {
  const pr = set.program.command('pr').description('pull requests of the local forge');
  const commands = () => import('./pull-requests.ts');
  pr.command('show')
    .description('the pull request as it is written')
    .argument('<id>', 'the run')
    .addOption(json())
    .action((id: string, options: { json: boolean }) =>
      inContext(set, async (context) => (await commands()).showPullRequest(context, id, options)),
    );
  pr.command('diff')
    .description('what it changes')
    .argument('<id>', 'the run')
    .action((id: string) => inContext(set, async (context) => (await commands()).diffPullRequest(context, id)));
  pr.command('merge')
    .description('merges it into its base branch')
    .argument('<id>', 'the run')
    .action((id: string) => inContext(set, async (context) => (await commands()).mergePullRequest(context, id)));
  pr.command('close')
    .description('closes it without merging; its branch stays')
    .argument('<id>', 'the run')
    .action((id: string) => inContext(set, async (context) => (await commands()).closePullRequest(context, id)));
}

function upkeep(set: Define): void {
  const { program, env, terminal, done } = set;
  program
    .command('doctor')
    .description('checks what Belay needs on this machine, and says how to mend it')
    .addOption(json())
    .action(async (options: { json: boolean }) => {
      const [{ doctor }, { loadConfig }] = await Promise.all([import('./doctor.ts'), import('../config.ts')]);
      done(await doctor({ config: loadConfig(env), env, terminal }, options));
    });
  program
    .command('clean')
    .description('removes what closed runs left on this machine')
    .option('--dry-run', 'only say what would be removed', false)
    .option('--cache', 'the whole setup cache too, and what tests said of bases', false)
    .option('--older-than <days>', 'what closed runs that old kept for going on, such as 30d', age)
    .action((options: { dryRun: boolean; cache: boolean; olderThan?: number }) =>
      inContext(set, async (context) => (await import('./clean.ts')).clean(context, options)),
    );
}

function completion({ program, env, terminal }: Define): void {
  program
    .command('completion')
    .description('a script that completes commands, options and runs in your shell: source <(belay completion bash)')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .action((shell: Shell) => terminal.exact(COMPLETION_SCRIPTS[shell]));
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .action(async (words: string[]) => {
      const [{ complete }, { runCandidates }] = await Promise.all([import('./complete.ts'), import('./run-candidates.ts')]);
      const { candidates, paths } = await complete({ program, words, runs: () => runCandidates(env) });
      const lines = [...candidates.map(({ value, about }) => `${value}\t${about}`), ...(paths ? [`:${paths}`] : [])];
      if (lines.length > 0) terminal.out(lines.join('\n'));
    });
}
