import { Option } from 'commander';
import { ENGINES } from '../contracts/constants.ts';
import type { Define } from './define.ts';
import type { SetupOptions } from './setup.ts';

export function setupCommand({ program, env, terminal, done }: Define): void {
  program
    .command('setup')
    .description('writes a file of settings, with explanations, by asking for those that matter')
    .addOption(new Option('--engine <engine>', 'the agent').choices(ENGINES))
    .addOption(new Option('--github-token-from <program>', 'write the token that this program is logged in with').choices(['gh']))
    .option('--file <path>', 'where to', '.env')
    .option('--yes', 'ask nothing', false)
    .option('--force', 'replace what is there', false)
    .action(async (options: SetupOptions) => {
      const { setup } = await import('./setup.ts');
      done(await setup({ env, terminal, input: process.stdin, output: process.stderr }, options));
    });
}
