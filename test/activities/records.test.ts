import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { createJournal, recordedStep } from '../../src/activities/journal.ts';
import { createStepNotes } from '../../src/activities/step-notes.ts';
import { BelayError } from '../../src/contracts/errors.ts';
import type { StepRef } from '../../src/contracts/work.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { createRunFiles } from '../../src/run-files/run-files.ts';
import { leaseOf } from '../support/activity-host.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const step: StepRef = { lease: leaseOf(1), number: 1, name: 'implement', phase: 'implement', attempt: 1 };

/** Runs in an activity; gives what the body gave and what the worker's log said. */
async function inActivity<T>(body: () => Promise<T>): Promise<{ value: T; warnings: string[] }> {
  const warnings: string[] = [];
  const logger = new DefaultLogger('WARN', ({ level, message }) => void (level === 'WARN' && warnings.push(message)));
  const value = await new MockActivityEnvironment({}, { logger }).run<[], T, () => Promise<T>>(body);
  return { value, warnings };
}

/** A real ledger that somebody else keeps busy once the work has begun. */
function busyLater(ledger: Ledger): Ledger {
  const busy = async () => {
    throw new BelayError({ code: 'ledger_busy', message: 'The ledger is busy.' });
  };
  return {
    ...ledger,
    appendLogs: busy,
    recordStep: (record) => (record.status === 'running' ? ledger.recordStep(record) : busy()),
  };
}

describe('a ledger that is busy after the work', () => {
  it('does not make a failure of its success', async () => {
    await using home = await temporaryDirectory();
    await using ledger = await openLedger({ path: join(home.path, 'ledger.db') });
    const work = () => recordedStep({ ledger: busyLater(ledger) }, step, async () => ({ value: 'pushed' }));
    expect(await inActivity(work)).toEqual({ value: 'pushed', warnings: ['The end of a step could not be written'] });
  });

  it('does not hide why the work failed', async () => {
    await using home = await temporaryDirectory();
    await using ledger = await openLedger({ path: join(home.path, 'ledger.db') });
    const work = () =>
      recordedStep({ ledger: busyLater(ledger) }, step, async () => {
        throw new Error('the agent crashed');
      });
    await expect(inActivity(work)).rejects.toThrow('the agent crashed');
  });

  it('loses lines of the log and says so, but nothing else', async () => {
    await using home = await temporaryDirectory();
    await using ledger = await openLedger({ path: join(home.path, 'ledger.db') });
    const { warnings } = await inActivity(async () => {
      const journal = createJournal({ ledger: busyLater(ledger), files: createRunFiles({ home: home.path }) }, step);
      journal.line('one');
      journal.line('two');
      await journal.flush();
    });
    expect(warnings).toEqual(['A part of the log could not be written', 'A part of the log could not be written']);
  });
});

describe('an agent that says more than can be written', () => {
  const readAll = async (ledger: Ledger) =>
    (await ledger.readLogs({ runId: step.lease.runId, limit: 10_000 })).map(({ message }) => message);

  it('has its first lines and what matters in the log, and how many are left out', async () => {
    await using home = await temporaryDirectory();
    await using ledger = await openLedger({ path: join(home.path, 'ledger.db') });
    await inActivity(async () => {
      const journal = createJournal({ ledger, files: createRunFiles({ home: home.path }) }, step);
      for (let line = 1; line <= 50_000; line++) journal.line(`line ${line}`);
      journal.line('it matters', 'warn');
      await journal.flush();
    });
    const messages = await readAll(ledger);
    expect(messages.slice(0, 3)).toEqual(['line 1', 'line 2', 'line 3']);
    const kept = messages.filter((message) => message.startsWith('line ')).length;
    expect(kept).toBeLessThan(3000);
    expect(messages.slice(kept)).toEqual([
      `[${50_000 - kept} lines came faster than they could be written, and are left out here]`,
      'it matters',
    ]);
  });

  it('has every line in its order where they can be written', async () => {
    await using home = await temporaryDirectory();
    await using ledger = await openLedger({ path: join(home.path, 'ledger.db') });
    const said = Array.from({ length: 1200 }, (_, line) => `line ${line}`);
    await inActivity(async () => {
      const journal = createJournal({ ledger, files: createRunFiles({ home: home.path }) }, step);
      for (const line of said) journal.line(line);
      await journal.flush();
    });
    expect(await readAll(ledger)).toEqual(said);
  });
});

describe('the note of a finished step', () => {
  it.each(['', '{"text": "half'])('counts as none when a power cut left %j of it', async (left) => {
    await using home = await temporaryDirectory();
    await mkdir(join(home.path, 'steps'));
    await writeFile(join(home.path, 'steps', '1-first.outcome.json'), left);
    const { value, warnings } = await inActivity(() => createStepNotes(home.path, step, 'scripted').outcome());
    expect(value).toBeUndefined();
    expect(warnings).toHaveLength(1);
  });
});
