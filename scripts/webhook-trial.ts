import { parseArgs } from 'node:util';
import { mutatedDeliveries, shuffledDeliveries } from '../test/support/webhook-trial.ts';

/** What the suite tries with few deliveries, with many: `node scripts/webhook-trial.ts [--issues 10000] [--mutations 100000] [--seed 1]`. */
const { values } = parseArgs({
  options: {
    issues: { type: 'string', default: '10000' },
    mutations: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
  },
});

const { started, problems } = await shuffledDeliveries({ issues: Number(values.issues), times: 3 });
console.log(`${values.issues} deliveries, three times each: ${started.length} starts of ${new Set(started).size} issues`);
const fuzzed = await mutatedDeliveries({ count: Number(values.mutations), seed: Number(values.seed) });
console.log(`${values.mutations} mutated deliveries: answered ${JSON.stringify(fuzzed.answers)}, ${fuzzed.starts.length} starts`);
for (const problem of [...problems, ...fuzzed.problems]) console.error(problem);
const isSound =
  started.length === Number(values.issues) &&
  new Set(started).size === started.length &&
  fuzzed.unsignedTaken + fuzzed.starts.length + problems.length + fuzzed.problems.length === 0 &&
  Object.keys(fuzzed.answers).every((status) => Number(status) < 500);
process.exitCode = isSound ? 0 : 1;
