import type { Command } from 'commander';
import { age } from './age.ts';
import { inContext, json, toRead } from './define.ts';
import type { Define } from './define.ts';
import { count } from './values.ts';

/** What people ask of the database, and do with it. */
export function ledgerCommands(set: Define): void {
  const { env, terminal, done } = set;
  const ledger = set.program.command('ledger').description('the database of what happened');
  const files = () => import('./ledger-files.ts');
  ledger
    .command('stats')
    .description('how the runs of each pipeline ended, what they cost, and how much there is')
    .option('--since <age>', 'only runs that began since then, such as 30d', age)
    .addOption(json())
    .action((options: { since?: number; json: boolean }) =>
      toRead(set, async (context) => (await import('./ledger-stats.ts')).ledgerStats(context, options)),
    );
  ledger
    .command('verify')
    .description("compares it with Temporal's histories")
    .addOption(json())
    .action((options: { json: boolean }) =>
      inContext(set, async (context) => (await import('./ledger-check.ts')).ledgerVerify(context, options)),
    );
  ledger
    .command('rebuild')
    .description("records again what Temporal's histories say of runs and steps")
    .addOption(json())
    .action((options: { json: boolean }) =>
      inContext(set, async (context) => (await import('./ledger-check.ts')).ledgerRebuild(context, options)),
    );
  ledger
    .command('backup')
    .description('copies it to a file, while it is in use (SQLite)')
    .argument('<file>', 'which is not there yet')
    .action(async (file: string) => done(await (await files()).ledgerBackup({ env, terminal }, file)));
  ledger
    .command('restore')
    .description('puts a backup in its place, and what was there beside it (SQLite)')
    .argument('<file>', 'a backup')
    .action(async (file: string) => done(await (await files()).ledgerRestore({ env, terminal }, file)));
  ownersCommands(set, ledger);
}

/** For the owner of the tables. */
function ownersCommands({ env, terminal, done }: Define, ledger: Command): void {
  const commands = () => import('./ledger-owner.ts');
  ledger
    .command('migrate')
    .description("brings the tables to this version's, as their owner (BELAY_DATABASE_OWNER_URL)")
    .addOption(json())
    .action(async (options: { json: boolean }) => done(await (await commands()).ledgerMigrate({ env, terminal }, options)));
  ledger
    .command('grant')
    .description('lets a role of Postgres do what workers and the API do, and nothing else')
    .argument('<role>', 'which is there already')
    .action(async (role: string) => done(await (await commands()).ledgerGrant({ env, terminal }, role)));
}

export function auditCommands(set: Define): void {
  const audit = set.program.command('audit').description('who did what, and when');
  const commands = () => import('./audit.ts');
  audit
    .command('list')
    .description('the newest entries')
    .option('--run <id>', 'only what was done to this run')
    .option('--limit <count>', 'how many', count, 50)
    .addOption(json())
    .action((options: { run?: string; limit: number; json: boolean }) =>
      toRead(set, async (context) => (await commands()).auditList(context, options)),
    );
  audit
    .command('verify')
    .description('computes every hash anew: whether any entry was changed or taken out')
    .addOption(json())
    .action((options: { json: boolean }) => toRead(set, async (context) => (await commands()).auditVerify(context, options)));
}
