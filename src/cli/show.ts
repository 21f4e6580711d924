import type { PhaseView } from '../contracts/run-view.ts';
import { plainLine } from '../contracts/text.ts';
import { costOf, dollars, duration } from '../texts/words.ts';
import type { ReaderContext } from './reader-context.ts';
import { report } from './report.ts';
import { EXIT } from './terminal.ts';

/** `belay show`: one run, with its phases, steps and files. */
export async function show({ ledger, files, terminal }: ReaderContext, id: string, { json }: { json: boolean }): Promise<number> {
  const view = await ledger.getRun(id);
  if (json) {
    terminal.out(JSON.stringify(view, undefined, 2));
    return EXIT.ok;
  }
  const steps = await ledger.listSteps(view.id);
  const lines = [
    report(view),
    ...(view.continues ? [`  continues     run ${view.continues}`] : []),
    '',
    ...view.phases.map(phaseRow),
    ...(steps.length > 0 ? ['', 'Steps'] : []),
    ...steps.map(({ number, phase, name, status, durationMs, summary }) =>
      `  ${String(number).padStart(3)}  ${phase.padEnd(9)} ${name.padEnd(20)} ${status.padEnd(9)} ${durationMs === undefined ? '' : duration(durationMs).padEnd(8)} ${plainLine(summary ?? '', 80)}`.trimEnd(),
    ),
    '',
    `Files: ${files.directory(view.id)}`,
  ];
  terminal.out(lines.join('\n'));
  return EXIT.ok;
}

function phaseRow({ name, status, attempts, durationMs, summary, sessions }: PhaseView): string {
  const cost = costOf({ sessions });
  const facts = [
    durationMs === undefined ? undefined : duration(durationMs),
    cost > 0 ? dollars(cost) : undefined,
    attempts > 1 ? `${attempts} attempts` : undefined,
  ];
  return `  ${name.padEnd(9)} ${status.padEnd(9)} ${[facts.filter(Boolean).join(', '), plainLine(summary ?? '', 100)].filter(Boolean).join(' · ')}`.trimEnd();
}
