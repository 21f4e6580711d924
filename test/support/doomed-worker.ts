/**
 * Starts a tree with a grandchild in a session of its own, says `ready`, and waits to be killed.
 * Arguments: boot id, isolation, mark (NAME=value) of the tree's processes, `helper` where that is to start it.
 */
import { useHelper } from '../../src/git/helper.ts';
import { createProcessTrees } from '../../src/process/process-trees.ts';

const [bootId = '', isolation, mark = '', by] = process.argv.slice(2);
if (isolation !== 'namespace' && isolation !== 'reaper')
  throw new Error('usage: doomed-worker BOOT_ID namespace|reaper NAME=value [helper]');
const [name = '', value = ''] = mark.split('=');
const start = by === 'helper' ? (await useHelper()).start : undefined;
const trees = await createProcessTrees({ bootId, isolation, start });
await trees.run({
  file: 'sh',
  args: ['-c', 'sleep 300 & setsid sh -c "echo ready; exec sleep 300" & wait'],
  cwd: '/',
  env: { PATH: '/usr/bin:/bin', [name]: value },
  onLine: (line) => process.stdout.write(`${line}\n`),
});
