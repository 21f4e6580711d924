import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { log } from '@temporalio/activity';
import writeFileAtomic from 'write-file-atomic';
import type { EngineName } from '../contracts/constants.ts';
import type { AgentOutcome, StepRef } from '../contracts/work.ts';
import { readIfThere } from '../process/read-if-there.ts';

/** What a host remembers of a step beyond the attempt that works on it. Stays on the host, like sessions and files. */
export interface StepNotes {
  /** The session that an interrupted attempt began: noted as soon as the CLI says it. */
  session(): Promise<string | undefined>;
  noteSession(id: string): Promise<void>;
  /** What a finished attempt gave, in case the answer to Temporal was lost: it is not paid for twice. */
  outcome(): Promise<AgentOutcome | undefined>;
  noteOutcome(outcome: AgentOutcome): Promise<void>;
}

export function createStepNotes(directory: string, { lease, number }: StepRef, engine: EngineName): StepNotes {
  const folder = path.join(directory, 'steps');
  // Numbers are unique within one Temporal execution; a reset one counts them anew.
  const file = (what: string): string => path.join(folder, `${number}-${lease.executionId}.${what}`);
  const write = async (what: string, text: string): Promise<void> => {
    await mkdir(folder, { recursive: true });
    await writeFileAtomic(file(what), text, { fsync: false });
  };
  return {
    // No engine knows the sessions of another.
    session: () => readIfThere(file(`${engine}-session`)),
    noteSession: (id) => write(`${engine}-session`, id),
    async outcome() {
      const text = await readIfThere(file('outcome.json'));
      return text === undefined ? undefined : parsed(text);
    },
    noteOutcome: (outcome) => write('outcome.json', JSON.stringify(outcome)),
  };
}

/** A note that a power cut left empty or in half is none: the step is done again. */
function parsed(text: string): AgentOutcome | undefined {
  try {
    return JSON.parse(text) as AgentOutcome;
  } catch (error) {
    log.warn('What a finished attempt had noted cannot be read; its step is done again', { error });
    return undefined;
  }
}
