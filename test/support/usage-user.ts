/** Uses the embedded servers until it is killed, or with `leave` has nothing more to do at once. Arguments: port, [leave]. */
import { attachUsage } from '../../src/temporal/dev-usage.ts';

const [port, leave] = process.argv.slice(2);
const usage = await attachUsage({ port: Number(port) });
process.stdout.write('attached\n');
if (!leave) {
  setInterval(() => {}, 1000);
  await usage.lost;
}
