import { randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import type { Command } from '../prompts/prompt.ts';
import { loadCommand, renderCommand } from '../prompts/prompt.ts';
import type { AgentInput, AgentOutcome } from '../contracts/work.ts';
import { portsEnvironment } from '../workspace/ports.ts';
import { AGENT_ATTEMPTS, MAX_TAIL_BYTES } from '../contracts/constants.ts';
import { bounded, checkAnswer } from './answers.ts';
import type { Dependencies } from './dependencies.ts';
import type { Holding } from './holdings.ts';
import type { Journal } from './journal.ts';
import { createJournal, recordedStep } from './journal.ts';
import { promptValues } from './prompt-values.ts';
import { createSessionNotes } from './session-notes.ts';
import { nothingSpent, playTurn } from './turn.ts';
import type { Turn } from './turn.ts';

export function agentActivities(deps: Dependencies) {
  return {
    /** One piece of agent work: a turn, a second one where the answer was not valid, and a checkpoint of what it changed. */
    async runAgent(input: AgentInput, signal: AbortSignal): Promise<AgentOutcome> {
      const { step } = input;
      return deps.holdings.use(step, (holding) =>
        recordedStep(deps, step, async () => {
          const journal = createJournal(deps, step);
          try {
            const value = await runAgent({ deps, holding, input, journal, signal });
            return { value, summary: value.text.split('\n', 1)[0]?.slice(0, 200) ?? '' };
          } finally {
            await journal.flush();
          }
        }),
      );
    },
  };
}

interface AgentWork {
  deps: Dependencies;
  holding: Holding;
  input: AgentInput;
  journal: Journal;
  signal: AbortSignal;
}

async function runAgent(work: AgentWork): Promise<AgentOutcome> {
  const { deps, holding, input, journal } = work;
  const { command: name, step, checkpoint } = input;
  const override = holding.overrides.get(name);
  const command = loadCommand({ name, ...(override === undefined ? {} : { override }) });
  const notes = createSessionNotes({ directory: deps.files.directory(step.lease.runId), step: step.number });
  // A session that cannot be resumed would fail every attempt alike: the last one starts over.
  const interrupted = Context.current().info.attempt < AGENT_ATTEMPTS ? await notes.read() : undefined;
  // An interrupted session goes on in the files it left; everything else starts from the checkpoint.
  if (!interrupted && holding.at !== checkpoint) await holding.worktree.restore(checkpoint);
  holding.at = undefined;
  const prompt = renderCommand(command, await promptValues(deps, holding, input.values));
  await keep(work, 'prompt', `${input.command}.md`, prompt);
  const turn = turnOf(work, command, notes.write);
  journal.line(`${name} · ${input.engine} · attempt ${step.attempt}${interrupted ? ' · goes on where it was interrupted' : ''}`);
  const first = await playTurn(turn, interrupted ? { prompt: resumed(prompt), resume: interrupted } : { prompt, sessionId: randomUUID() });
  const answer = await checkAnswer(
    command.output,
    first,
    (repair) => playTurn(turn, { prompt: repair, resume: first.sessionId }),
    (text) => keep(work, 'answer', `${input.command}.raw.txt`, text),
  );
  const { sha, changed } = await settle(work, command);
  holding.at = sha;
  await keepTranscript(work);
  const text = answer.json === undefined ? answer.text : JSON.stringify(answer.json, undefined, 2);
  const artifact =
    input.keepAs === 'plan'
      ? await keep(work, 'plan', 'plan.md', text)
      : await keep(work, 'answer', `${input.command}.${answer.json === undefined ? 'md' : 'json'}`, text);
  const session = { name, engine: input.engine, id: answer.sessionId, costUsd: answer.costUsd, tokens: answer.tokens };
  return {
    session,
    artifactId: artifact.id,
    sha256: artifact.sha256,
    text: answer.text.slice(0, MAX_TAIL_BYTES),
    checkpoint: sha,
    changed,
    ...(answer.json === undefined ? {} : { json: bounded(answer.json) }),
  };
}

const resumed = (prompt: string): string =>
  `You were interrupted while you worked on the following. Look at the present state of the workspace and go on from there; do not start over.\n\n${prompt}`;

function turnOf({ deps, holding, input, journal, signal }: AgentWork, command: Command, onSession: (id: string) => Promise<void>): Turn {
  const env = { ...deps.workspaceEnvironment, ...portsEnvironment(holding.ports) };
  return { deps, input, command, cwd: holding.worktree.path, env, journal, signal, onSession, spent: nothingSpent() };
}

/** Commits what an editing command changed; a read-only one leaves nothing behind. */
async function settle({ holding, input, journal, signal }: AgentWork, command: Command): Promise<{ sha: string; changed: boolean }> {
  const { worktree, mirror } = holding;
  if (command.permissions.includes('edit')) {
    const message = `checkpoint: ${input.step.name}\n\nRun ${input.step.lease.runId}, step ${input.step.number}, lease ${input.step.lease.epoch}.\n`;
    return worktree.checkpoint({ message, signal });
  }
  if ((await worktree.treeHash({ signal })) !== (await mirror.treeOf(input.checkpoint))) {
    journal.line(`${input.command} may only read, but files had changed: they were put back.`, 'warn');
    await worktree.restore(input.checkpoint);
  }
  return { sha: input.checkpoint, changed: false };
}

async function keepTranscript({ deps, input }: AgentWork): Promise<void> {
  const place = { runId: input.step.lease.runId, step: input.step.number };
  const path = deps.files.transcriptPath({ ...place, command: input.command });
  await deps.ledger.recordArtifact(await deps.files.describeArtifact({ ...place, kind: 'transcript', path }));
}

async function keep({ deps, input }: AgentWork, kind: 'prompt' | 'plan' | 'answer', name: string, text: string) {
  const { lease, number } = input.step;
  const artifact = await deps.files.writeArtifact({ runId: lease.runId, step: number, kind, name, text });
  await deps.ledger.recordArtifact(artifact);
  return artifact;
}
