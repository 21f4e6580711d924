import { Option } from 'commander';
import { ROLES } from '../contracts/service-records.ts';
import { age } from './age.ts';
import { json, toRead } from './define.ts';
import type { Define } from './define.ts';
import type { CreateTokenOptions } from './tokens.ts';
import { repositories } from './values.ts';

/** What makes a service of Belay: the API, and who may call it. */
export function serviceCommands(set: Define): void {
  const { program, env } = set;
  program
    .command('api')
    .description('the REST API, until Ctrl-C')
    .action(async () => {
      const { runApi } = await import('../api.ts');
      await runApi(env);
    });
  tokenCommands(set);
}

function tokenCommands(set: Define): void {
  const tokens = set.program.command('token').description('who may call the API');
  const commands = () => import('./tokens.ts');
  tokens
    .command('create')
    .description('a new token; the last line of the output is the token itself, which is shown this once')
    .argument('<name>', 'what it is for: it stands beside what is done with it')
    .addOption(
      new Option('--role <role>', 'viewer sees, operator steers runs too, admin removes them too').choices(ROLES).default('viewer'),
    )
    .option('--repo <owner/name>', 'only for this repository; several times for several (default: all)', repositories)
    .option('--expires <days>', 'ends after so long, such as 90d (default: never)', age)
    .action((name: string, options: CreateTokenOptions) =>
      toRead(set, async (context) => (await commands()).createToken(context, name, options)),
    );
  tokens
    .command('list')
    .description('the tokens that there are, without the tokens themselves')
    .option('--revoked', 'and those that were revoked', false)
    .addOption(json())
    .action((options: { revoked: boolean; json: boolean }) =>
      toRead(set, async (context) => (await commands()).listTokens(context, options)),
    );
  tokens
    .command('rotate')
    .description('a new token in the place of another, which ends at once')
    .argument('<name>', 'its name, or its id')
    .action((name: string) => toRead(set, async (context) => (await commands()).rotateToken(context, name)));
  tokens
    .command('revoke')
    .description('ends a token at once')
    .argument('<name>', 'its name, or its id')
    .action((name: string) => toRead(set, async (context) => (await commands()).revokeToken(context, name)));
}
