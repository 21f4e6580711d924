import type { PhaseView } from '../contracts/run-view.ts';
import { plainLine } from '../contracts/text.ts';
import { duration } from '../texts/words.ts';
import { placesOf } from './queue.ts';
import type { ReaderContext } from './reader-context.ts';
import { report } from './report.ts';
import { showHistory } from './show-history.ts';
import { earlierSpending, spentByRun, spentIn, spentWords, stepSpending } from './show-spending.ts';
import type { EarlierSpending, Spent, StepSpending } from './show-spending.ts';
import { EXIT } from './terminal.ts';

/** `belay show`: one run, with its phases, steps and files, and what each of them used. */
export async function show(context: ReaderContext, id: string, { history, json }: { history: boolean; json: boolean }): Promise<number> {
  const { ledger, files, terminal } = context;
  const view = await ledger.getRun(id);
  if (history) return showHistory(context, view, { json });
  const [steps, sessions, earlier] = await Promise.all([
    ledger.listSteps(view.id),
    ledger.listSessions(view.id),
    earlierSpending({ ledger }, view),
  ]);
  const place = (await placesOf(ledger, [view])).get(view.id);
  const spent = spentByRun(view);
  const rows = stepSpending(steps, sessions);
  if (json) {
    terminal.out(JSON.stringify({ ...view, ...(place ? { queue: place } : {}), tokens: spent.tokens, steps: rows, earlier }, undefined, 2));
    return EXIT.ok;
  }
  const lines = [
    report(view, { place }),
    ...spendingRows(spent, earlier),
    '',
    ...view.phases.map(phaseRow),
    ...(rows.length > 0 ? ['', 'Steps'] : []),
    ...rows.map(stepRow),
    '',
    `Files: ${files.directory(view.id)}`,
  ];
  terminal.out(lines.join('\n'));
  return EXIT.ok;
}

function spendingRows(spent: Spent, { runs, ...before }: EarlierSpending): string[] {
  const all = { costUsd: spent.costUsd + before.costUsd, tokens: spent.tokens + before.tokens };
  return [
    ...(spent.tokens > 0 ? [`  used          ${spentWords(spent)}`] : []),
    ...runs.map(({ id, ...each }) => `  continues     run ${id}${spentWords(each) ? `, ${spentWords(each)}` : ''}`),
    ...(runs.length > 0 && spentWords(all) ? [`  all together  ${spentWords(all)}`] : []),
  ];
}

function stepRow({ number, phase, name, status, durationMs, summary, ...spent }: StepSpending): string {
  const took = durationMs === undefined ? '' : duration(durationMs).padEnd(8);
  const said = [spentWords(spent), plainLine(summary ?? '', 80)].filter(Boolean).join(' · ');
  return `  ${String(number).padStart(3)}  ${phase.padEnd(9)} ${name.padEnd(20)} ${status.padEnd(9)} ${took} ${said}`.trimEnd();
}

function phaseRow({ name, status, attempts, durationMs, summary, sessions }: PhaseView): string {
  const facts = [
    durationMs === undefined ? undefined : duration(durationMs),
    spentWords(spentIn({ sessions })),
    attempts > 1 ? `${attempts} attempts` : undefined,
  ];
  return `  ${name.padEnd(9)} ${status.padEnd(9)} ${[facts.filter(Boolean).join(', '), plainLine(summary ?? '', 100)].filter(Boolean).join(' · ')}`.trimEnd();
}
