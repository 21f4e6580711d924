import { once } from 'node:events';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { exampleRun } from '../support/example-run.ts';

/**
 * A process that writes into a ledger: `node ledger-writer.fixture.ts <path or address> <writer> <rounds>`. It says `ready`, begins
 * when its standard input ends, and says `done <round>` after each round.
 */
const [place = '', writer = '', rounds = '1'] = process.argv.slice(2);
process.stdout.write('ready\n');
process.stdin.resume();
await once(process.stdin, 'end');
await using ledger = await openLedger(place.startsWith('postgres:') ? { url: place } : { path: place });
for (let round = 1; round <= Number(rounds); round++) {
  const createdAt = new Date().toISOString();
  const reservation = {
    workflowId: `local:acme/shop#${writer}-${round}`,
    pipeline: 'sdlc',
    repository: 'acme/shop',
    triggeredBy: writer,
    createdAt,
  } as const;
  const id = await ledger.reserveRun(reservation);
  await Promise.all([
    ledger.recordRun(
      exampleRun({ id, workflowId: reservation.workflowId, phases: [{ name: 'plan', status: 'running', attempts: 1, sessions: [] }] }),
    ),
    ledger.recordStep({ runId: id, number: 1, name: 'plan', phase: 'plan', status: 'running', attempt: 1, startedAt: createdAt }),
    ledger.appendLogs([{ runId: 'shared00', source: writer, seq: round, at: createdAt, level: 'info', message: `round ${round}` }]),
  ]);
  process.stdout.write(`done ${round}\n`);
}
