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
const [begun, before] = [performance.now(), process.memoryUsage.rss()];
const fuzzed = await mutatedDeliveries({ count: Number(values.mutations), seed: Number(values.seed) });
const [once, sound] = [new Set(fuzzed.started), new Set(fuzzed.sound)];
const missing = fuzzed.sound.filter((number) => !once.has(number)).length;
const wrong = missing + fuzzed.started.length - fuzzed.started.filter((number) => sound.delete(number)).length;
const took = `${((performance.now() - begun) / 1000).toFixed(0)} s, ${((process.memoryUsage.rss() - before) / 1024 ** 2).toFixed(0)} MB more`;
console.log(`${values.mutations} mutated deliveries: answered ${JSON.stringify(fuzzed.answers)} (${took})`);
console.log(`${fuzzed.sound.length} sound ones among them: ${fuzzed.started.length} starts, ${wrong} of them wrong or missing`);
for (const problem of [...problems, ...fuzzed.problems]) console.error(problem);
const isSound =
  started.length === Number(values.issues) &&
  new Set(started).size === started.length &&
  fuzzed.unsignedTaken + wrong + problems.length + fuzzed.problems.length === 0 &&
  Object.keys(fuzzed.answers).every((status) => Number(status) < 500);
process.exitCode = isSound ? 0 : 1;
