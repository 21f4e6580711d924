/** One line of the table. */
export interface Row {
  measure: string;
  against: string;
  baseline: string;
  subject: string;
  /** What the goal is about, such as `1.62x`. */
  result: string;
  range: string;
  goal: string;
  met: boolean;
}

export interface BenchOptions {
  /** A folder of the row's own, on a RAM disk where there is one. */
  folder: string;
  /** How many pairs of baseline and subject are measured. */
  pairs: number;
  /** The sizes of the goals, also where they take an hour. */
  full: boolean;
}

export type Bench = (options: BenchOptions) => Promise<Row[]>;

export const median = (numbers: readonly number[]): number => quantile(numbers, 0.5);

export function quantile(numbers: readonly number[], at: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? Number.NaN;
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

export interface Pairs {
  name: string;
  count: number;
  /** Without a first round that is not counted: what takes minutes, and is long warm by its end. */
  cold?: boolean;
  /** Both are given the number of the round. They give milliseconds. */
  baseline: (round: number) => Promise<number>;
  subject: (round: number) => Promise<number>;
}

export interface Measured {
  baselineMs: number[];
  subjectMs: number[];
}

/** Interleaved, so that whatever else happens on the machine happens to both. */
export async function interleaved({ name, count, cold = false, baseline, subject }: Pairs): Promise<Measured> {
  const measured: Measured = { baselineMs: [], subjectMs: [] };
  for (let round = cold ? 1 : 0; round <= count; round++) {
    const baselineMs = await baseline(round);
    const subjectMs = await subject(round);
    if (round === 0) continue;
    measured.baselineMs.push(baselineMs);
    measured.subjectMs.push(subjectMs);
    process.stderr.write(`  ${name} ${round}/${count}: ${baselineMs.toFixed(1)} ms, ${subjectMs.toFixed(1)} ms\n`);
  }
  return measured;
}

export interface RatioRow extends Measured {
  measure: string;
  against: string;
  /** At most so many times the baseline's time. */
  atMost: number;
}

/** The median of the pairs' ratios. */
export function ratioRow({ measure, against, atMost, baselineMs, subjectMs }: RatioRow): Row {
  const ratios = subjectMs.map((ms, index) => ms / (baselineMs[index] ?? Number.NaN));
  const ratio = median(ratios);
  return {
    measure,
    against,
    baseline: `${median(baselineMs).toFixed(1)} ms`,
    subject: `${median(subjectMs).toFixed(1)} ms`,
    result: `${ratio.toFixed(2)}x`,
    range: `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`,
    goal: Number.isFinite(atMost) ? `≤ ${atMost}x` : 'report',
    met: ratio <= atMost,
  };
}

export function table(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.measure,
    row.against,
    row.baseline,
    row.subject,
    row.result,
    row.range,
    row.goal,
    row.met ? 'yes' : 'no',
  ]);
  const head = ['measure', 'against', 'it', 'Belay', 'result', 'min–max', 'goal', 'met'];
  return [head, head.map(() => '---'), ...cells].map((line) => `| ${line.join(' | ')} |`).join('\n');
}
