import { inContext } from './define.ts';
import type { Define } from './define.ts';

/** What people answer to runs, and tell them. */
export function approvalOrders(set: Define): void {
  const { program } = set;
  const commands = () => import('./approvals.ts');
  program
    .command('approve')
    .description('lets a run go on that waits for an approval')
    .argument('<id>')
    .option('--hash <hash>', 'only if this is what it asks about: the hash of the plan, or of the commit')
    .action((id: string, options: { hash?: string }) =>
      inContext(set, async (context) => (await commands()).approve(context, id, options)),
    );
  program
    .command('reject')
    .description('sends the plan, or the work, of a waiting run back')
    .argument('<id>')
    .requiredOption('--reason <text>', 'why: the agent is told')
    .action((id: string, options: { reason: string }) =>
      inContext(set, async (context) => (await commands()).reject(context, id, options)),
    );
  program
    .command('message')
    .description('tells the agent of an open run something')
    .argument('<id>')
    .argument('<text>', 'what it is to take into account')
    .action((id: string, text: string) => inContext(set, async (context) => (await commands()).message(context, id, text)));
}
