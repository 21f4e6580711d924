#!/usr/bin/env node
/** `npm run chaos`: does harm to a whole Belay, and has others than Belay tell whether anything was lost. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { sendSignal } from '../src/process/process-table.ts';
import { runCampaign } from './campaign.ts';
import { INVARIANTS } from './invariants.ts';
import { treeOf } from './oracles/processes.ts';
import { tableOf, totalsOf } from './report.ts';
import { SCENARIOS } from './scenarios.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Date.now() / 1000)) },
    minutes: { type: 'string', default: '10' },
    kills: { type: 'string', default: '10000' },
    'minutes-each': { type: 'string', default: '1.5' },
    only: { type: 'string' },
    json: { type: 'string' },
    histories: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});

// Nothing that the campaign has started outlives it.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    for (const pid of treeOf(process.pid).toReversed()) if (pid !== process.pid) sendSignal(pid, 'SIGKILL');
    process.exit(130);
  });

if (values.list) for (const { name, says } of SCENARIOS) console.log(`${name}: ${says}`);
else await campaign();

async function campaign(): Promise<void> {
  const { seed, json, histories } = values;
  const options = {
    minutes: amount('minutes', values.minutes),
    kills: amount('kills', values.kills),
    minutesEach: amount('minutes-each', values['minutes-each']),
  };
  console.log(`seed ${seed}, at most ${options.minutes} minutes and ${options.kills} kills`);
  const played = await runCampaign({
    seed,
    scenarios: chosen(),
    ...options,
    ...(histories ? { historiesTo: histories } : {}),
    say: (line) => console.log(line),
  });
  const totals = totalsOf(played);
  console.log(`\n${tableOf(played)}`);
  for (const { scenario, seed: of, violations } of played)
    for (const { invariant, message } of violations) {
      const means = invariant === 'scenario' ? '' : ` (${INVARIANTS[invariant]})`;
      console.log(`\n${invariant}${means} does not hold: ${message}\n  again: npm run chaos -- --only '${scenario}' --seed ${of}`);
    }
  if (json) {
    await mkdir(dirname(json), { recursive: true });
    await writeFile(json, JSON.stringify({ seed, invariants: INVARIANTS, totals, played }, undefined, 2));
  }
  if (totals.violations > 0) process.exitCode = 1;
}

function chosen() {
  const names = values.only?.split(',') ?? SCENARIOS.map(({ name }) => name);
  return names.map((name) => {
    const found = SCENARIOS.find((scenario) => scenario.name === name);
    if (found) return found;
    throw new Error(`There is no scenario ${name}; there are ${SCENARIOS.map((each) => each.name).join(', ')}.`);
  });
}

function amount(name: string, text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new Error(`--${name} must be more than 0, not ${text}.`);
}
