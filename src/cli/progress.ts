import { Listr } from 'listr2';
import type { ListrTaskWrapper, DefaultRenderer, SimpleRenderer } from 'listr2';
import type { PhaseName } from '../contracts/constants.ts';
import { plainLine, plainText } from '../contracts/text.ts';
import type { PhaseView, RunView } from '../contracts/run-view.ts';
import { needsPerson } from '../texts/needs-person.ts';
import { queueWords } from '../texts/queue.ts';
import { waitingWords } from '../texts/waiting.ts';
import { costOf, dollars, duration } from '../texts/words.ts';
import type { PlacedView } from './queue.ts';
import type { Terminal } from './terminal.ts';

/** Shows a run's views as they come, and resolves to the last one. */
export async function showProgress(views: AsyncIterable<PlacedView>, terminal: Terminal): Promise<RunView | undefined> {
  const heard = ringing(views, terminal);
  return terminal.live ? showList(heard) : showLines(heard, terminal);
}

/** Rings when a person is needed. */
async function* ringing(views: AsyncIterable<PlacedView>, terminal: Terminal): AsyncGenerator<PlacedView> {
  let needed = false;
  for await (const view of views) {
    const needs = needsPerson(view).length > 0;
    if (needs && !needed) terminal.bell?.();
    needed = needs;
    yield view;
  }
}

/** One line for every beginning and end of a phase, and for every step. */
async function showLines(views: AsyncIterable<PlacedView>, terminal: Terminal): Promise<RunView | undefined> {
  const said = new Set<string>();
  const say = (line: string): void => {
    if (said.has(line)) return;
    said.add(line);
    terminal.note(line);
  };
  let last: RunView | undefined;
  for await (const view of views) {
    for (const phase of view.phases) {
      if (isOver(phase)) say(`  ${phaseLine(phase)}`);
      else if (isWorking(phase) && phase.summary) say(`  ${MARKS[phase.status]} ${phase.name.padEnd(9)} ${plainLine(phase.summary, 120)}`);
    }
    const waits = waitsFor(view);
    if (waits) say(`  ${waits}`);
    if (view.approval) for (const line of needsPerson(view)) say(`  ${line}`);
    if (view.currentStep && view.currentStep !== last?.currentStep) terminal.note(`  … ${view.currentStep}`);
    last = view;
  }
  return last;
}

const waitsFor = (view: PlacedView): string | undefined => (view.queue ? queueWords(view.queue) : waitingWords(view, 120));

const isWorking = ({ status }: PhaseView): boolean => status === 'running' || status === 'retrying';
const isOver = ({ status }: PhaseView): boolean => ['completed', 'failed', 'skipped', 'cancelled'].includes(status);

function phaseLine({ name, status, summary, durationMs, sessions, error }: PhaseView): string {
  const cost = costOf({ sessions });
  const facts = [...(durationMs ? [duration(durationMs)] : []), ...(cost > 0 ? [dollars(cost)] : [])].join(', ');
  return [
    `${MARKS[status]} ${name.padEnd(9)}`,
    status === 'completed' ? '' : status,
    plainLine(error?.message ?? summary ?? '', 76),
    facts ? `(${facts})` : '',
  ]
    .filter(Boolean)
    .join(' ');
}

const MARKS: Record<PhaseView['status'], string> = {
  pending: '·',
  running: '›',
  retrying: '›',
  completed: '✓',
  failed: '✗',
  skipped: '-',
  cancelled: '✗',
};

type Task = ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof SimpleRenderer>;

/** A tidy list that redraws itself: a row for each phase, the present step below it. */
async function showList(views: AsyncIterable<PlacedView>): Promise<RunView | undefined> {
  const board = new Board();
  const iterator = views[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done) return undefined;
  board.update(first.value);
  const drawn = board.draw();
  let last = first.value;
  try {
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) board.update((last = next.value));
  } finally {
    board.close();
    await drawn;
  }
  return last;
}

interface Row {
  over: PromiseWithResolvers<void>;
  task?: Task;
}

/** The rows of the list, each settled when its phase is over. */
class Board {
  readonly #rows = new Map<PhaseName, Row>();
  #view: PlacedView | undefined;
  #closed = false;

  update(view: PlacedView): void {
    this.#view = view;
    for (const phase of view.phases) {
      const row = this.#rows.get(phase.name) ?? { over: Promise.withResolvers<void>() };
      this.#rows.set(phase.name, row);
      this.#paint(phase, row);
    }
  }

  async draw(): Promise<void> {
    const tasks = [...this.#rows].map(([name, row]) => ({
      title: name,
      task: async (_: unknown, task: Task) => {
        row.task = task;
        this.#repaint(name, row);
        await row.over.promise;
      },
    }));
    const list = new Listr(tasks, {
      concurrent: false,
      exitOnError: false,
      registerSignalListeners: false,
      rendererOptions: { collapseErrors: false, collapseSkips: true, showErrorMessage: false },
    });
    await list.run();
  }

  /** The run rests: what has not ended will not. */
  close(): void {
    this.#closed = true;
    for (const [name, row] of this.#rows) this.#repaint(name, row);
  }

  #present(): string | undefined {
    return this.#view && (waitsFor(this.#view) ?? this.#view.currentStep);
  }

  #repaint(name: PhaseName, row: Row): void {
    const phase = this.#view?.phases.find((each) => each.name === name);
    if (phase) this.#paint(phase, row);
  }

  #paint(phase: PhaseView, { task, over }: Row): void {
    if (!task) return;
    if (isOver(phase)) {
      task.title = phaseLine(phase).slice(2);
      if (phase.status === 'skipped') task.skip(task.title);
      if (phase.status === 'failed' || phase.status === 'cancelled') over.reject(new Error(task.title));
      else over.resolve();
    } else if (this.#closed) {
      task.skip(`${phase.name.padEnd(9)} ${isWorking(phase) ? 'stopped' : 'not reached'}`);
      over.resolve();
    } else {
      task.title = phase.name;
      const lines =
        isWorking(phase) || this.#view?.queue ? [phase.summary, this.#present()] : this.#view?.approval ? needsPerson(this.#view) : [];
      task.output = plainText(lines.filter(Boolean).join('\n'));
    }
  }
}
