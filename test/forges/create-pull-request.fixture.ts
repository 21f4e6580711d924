import { createLocalForge } from '../../src/forges/local.ts';

const [home = '', name = '', count = '1'] = process.argv.slice(2);
const forge = createLocalForge({ home });
const repository = { forge: 'local', owner: 'local', name } as const;

/** All ask for the same branch and for one of their own, at once. */
const branches = ['belay/same', ...Array.from({ length: Number(count) }, (_, index) => `belay/own-${process.pid}-${index}`)];
const made = await Promise.all(
  branches.map((branch) => forge.createPullRequest({ repository, branch, base: 'main', title: branch, body: '', headSha: 'a'.repeat(40) })),
);
process.stdout.write(JSON.stringify(made.map(({ number }) => number)));
