/**
 * Starts a tree with a grandchild in a session of its own, says `ready`, and waits to be killed.
 * Arguments: boot id, isolation, mark (NAME=value) of the tree's processes.
 */
import { createProcessTrees } from '../../src/process/process-trees.ts';

const [bootId = '', isolation, mark = ''] = process.argv.slice(2);
if (isolation !== 'namespace' && isolation !== 'reaper') throw new Error('usage: doomed-worker BOOT_ID namespace|reaper NAME=value');
const [name = '', value = ''] = mark.split('=');
const trees = await createProcessTrees({ bootId, isolation });
await trees.run({
  file: 'sh',
  args: ['-c', 'sleep 300 & setsid sh -c "echo ready; exec sleep 300" & wait'],
  cwd: '/',
  env: { PATH: '/usr/bin:/bin', [name]: value },
  onLine: (line) => process.stdout.write(`${line}\n`),
});
