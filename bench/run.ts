#!/usr/bin/env node
import { access, constants, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createBaseline } from './baseline.ts';
import type { History } from './subject.ts';
import { createSubject } from './subject.ts';

/** Measures what Belay adds to the work itself: ratios against a bare shell script, interleaved, on a RAM disk where there is one. */
const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '9' },
    files: { type: 'string', default: '100' },
    atOnce: { type: 'string', default: '16' },
    json: { type: 'string' },
  },
});
const pairs = Number(values.pairs);
const atOnce = Number(values.atOnce);
const files = Number(values.files);

interface Measure {
  name: string;
  baselineMs: number[];
  subjectMs: number[];
}

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
const ratios = ({ baselineMs, subjectMs }: Measure): number[] => subjectMs.map((ms, index) => ms / (baselineMs[index] ?? Number.NaN));

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

async function compare(
  name: string,
  count: number,
  baseline: (round: string) => Promise<unknown>,
  subject: (round: string) => Promise<unknown>,
): Promise<Measure> {
  const measure: Measure = { name, baselineMs: [], subjectMs: [] };
  // The first round warms caches of both, and is not counted.
  for (let round = 0; round <= count; round++) {
    const baselineMs = await timed(() => baseline(`${round}`));
    const subjectMs = await timed(() => subject(`${round}`));
    if (round === 0) continue;
    measure.baselineMs.push(baselineMs);
    measure.subjectMs.push(subjectMs);
    process.stderr.write(`  ${name} ${round}/${count}: ${baselineMs.toFixed(0)} ms, ${subjectMs.toFixed(0)} ms\n`);
  }
  return measure;
}

function row(measure: Measure): string {
  const all = ratios(measure).sort((a, b) => a - b);
  const cells = [
    measure.name,
    `${median(measure.baselineMs).toFixed(0)} ms`,
    `${median(measure.subjectMs).toFixed(0)} ms`,
    `${median(all).toFixed(2)}x`,
    `${all[0]?.toFixed(2)}–${all.at(-1)?.toFixed(2)}`,
  ];
  return `| ${cells.join(' | ')} |`;
}

const ramDisk = await access('/dev/shm', constants.W_OK).then(
  () => '/dev/shm',
  () => tmpdir(),
);
const folder = await mkdtemp(join(ramDisk, 'belay-bench-'));
try {
  await using subject = await createSubject({ folder, files, slots: Math.max(16, atOnce) });
  const baseline = await createBaseline({ folder, ...subject });
  const histories: History[] = [];
  const many = (round: string, one: (name: string) => Promise<unknown>) =>
    Promise.all(Array.from({ length: atOnce }, (_, index) => one(`${round}-${index}`)));
  const single = await compare(
    `one happy sdlc, ${files} files`,
    pairs,
    (round) => baseline.run(`one-${round}`),
    async (round) => histories.push(await subject.run(`Add a line, round ${round}`)),
  );
  const parallel = await compare(
    `${atOnce} at once, ${files} files`,
    pairs,
    (round) => many(round, (name) => baseline.run(`many-${name}`)),
    (round) => many(round, (name) => subject.run(`Add a line, one of many, ${name}`)),
  );
  const events = median(histories.map((history) => history.events));
  const bytes = median(histories.map((history) => history.bytes));
  console.log(
    ['| measure | bare script | Belay | ratio (median of pairs) | range |', '|---|---|---|---|---|', row(single), row(parallel)].join('\n'),
  );
  console.log(`\nhistory of one happy run: ${events} events, ${(bytes / 1024).toFixed(1)} KiB`);
  if (values.json)
    await writeFile(
      values.json,
      JSON.stringify({ pairs, files, atOnce, measures: [single, parallel], history: { events, bytes } }, undefined, 2),
    );
} finally {
  await rm(folder, { recursive: true, force: true });
}
