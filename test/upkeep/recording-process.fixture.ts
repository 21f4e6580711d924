import { composeFiles } from '../../src/compose-artifacts.ts';
import { loadConfig } from '../../src/config.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';

/** A process that records an artifact, says `recorded`, and waits to be killed. Its settings are its environment. */
const config = loadConfig(process.env);
const own = await openLedger(config.database);
const { files, ledger } = composeFiles({ config, ledger: own, onProblem: () => {} });
await ledger.recordArtifact(await files.writeArtifact({ runId: '0000aaaa', kind: 'plan', name: 'plan.md', text: '# Plan' }));
process.stdout.write('recorded\n');
setInterval(() => {}, 1000);
