import { randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import type { Command } from '../prompts/prompt.ts';
import { loadCommand, renderCommand } from '../prompts/prompt.ts';
import type { SessionView } from '../contracts/run-view.ts';
import type { AgentInput, AgentOutcome } from '../contracts/work.ts';
import { AGENT_ATTEMPTS } from '../contracts/constants.ts';
import { environmentOf } from './environment.ts';
import { performEffect } from './effects.ts';
import { failureOf } from './failures.ts';
import { workingDirectory } from '../workspace/working-directory.ts';
import { checkAnswer } from './answers.ts';
import { digestOf } from './digest.ts';
import type { Dependencies } from './dependencies.ts';
import { takingOver } from './taking-over.ts';
import type { Holding } from './holdings.ts';
import { bringInterrupted, keepInterrupted } from './interrupted.ts';
import type { Journal } from './journal.ts';
import { keepDiff } from './keep-diff.ts';
import { createJournal, recordedStep, recordOutput, unwritten } from './journal.ts';
import { promptValues } from './prompt-values.ts';
import { keepNotes, workspacePrompt } from './workspace-prompt.ts';
import { leftBy } from '../run-files/run-files.ts';
import type { NewArtifact } from '../run-files/run-files.ts';
import { splitNotes } from '../texts/plan-notes.ts';
import type { Spending } from './spending.ts';
import { messagesAlone, withMessages, withRules } from './prompt-rules.ts';
import { settle } from './settle.ts';
import type { Again } from './settle.ts';
import { openSpending } from './spending.ts';
import type { StepNotes } from './step-notes.ts';
import { createStepNotes } from './step-notes.ts';
import type { Said, Turn, TurnResult } from './turn.ts';
import { playTurn, transcriptOf } from './turn.ts';

/** How much of an answer the workflow sees, for summaries: its history is to stay small, however much an agent says. */
const MAX_SAID = 500;

export function agentActivities(deps: Dependencies) {
  return {
    /** One piece of agent work: a turn, a second one where the answer was not valid, and a checkpoint of what it changed. */
    async runAgent(input: AgentInput, cancelled: AbortSignal): Promise<AgentOutcome> {
      const { step } = input;
      return deps.holdings.use(step, cancelled, (holding, signal) =>
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
  const { runId } = input.step.lease;
  const notes = createStepNotes(deps.files.directory(runId), input.step, input.engine);
  const done = await notes.outcome();
  if (done) return done;
  const spending = await openSpending(deps, { runId, step: input.step.number });
  let command: Command | undefined;
  let session: string | undefined;
  try {
    const prepared = await prepare(work, notes);
    const { said } = prepared;
    command = prepared.command;
    journal.line(
      `${input.command} · ${input.engine} · attempt ${input.step.attempt}${'resume' in said ? ' · goes on where it was interrupted' : ''}`,
    );
    const env = environmentOf(deps, holding, input.step);
    const turn: Turn = {
      deps,
      input,
      command,
      cwd: await workingDirectory({ root: holding.worktree.path, folder: holding.settings.workingDirectory }),
      env,
      journal,
      signal: work.signal,
      onSession: (id) => notes.noteSession((session = id)),
      spending,
    };
    const answer = await performEffect(deps, { name: 'agent-turn', runId, on: input.command }, () => ask(work, turn, said));
    const again = async (more: string): Promise<void> => {
      await playTurn(turn, { prompt: more, resume: answer.sessionId });
      await keepTranscript(work, answer.sessionId).catch(unwritten('The record of a transcript'));
    };
    const outcome = await finish({ work, command, answer, spending, again });
    await notes.noteOutcome(outcome).catch(unwritten('The note of a paid answer'));
    return outcome;
  } catch (error) {
    throw failureOf(error, { spent: spentOn(input, session, spending), ...(await keepInterrupted(work, command, error)) });
  }
}

/** An interrupted session goes on in the files it left, and so does whoever takes its place; everything else starts from the checkpoint. */
async function prepare(work: AgentWork, notes: StepNotes): Promise<{ command: Command; said: Said }> {
  const { deps, holding, input } = work;
  const override = holding.overrides.get(input.command);
  const command = loadCommand({ name: input.command, ...(override === undefined ? {} : { override }) });
  // A session that cannot be resumed would fail every attempt alike: the last one starts over.
  const { attempt } = Context.current().info;
  const interrupted = attempt < AGENT_ATTEMPTS ? await notes.session() : undefined;
  const resume = interrupted ?? (attempt === 1 ? input.resume : undefined);
  const takesOver = input.takesOver && command.permissions.includes('edit');
  if (interrupted || takesOver) await bringInterrupted(holding, input);
  else if (holding.at !== input.checkpoint) await holding.worktree.restore(input.checkpoint);
  holding.at = undefined;
  const rendered = renderCommand(command, await promptValues(deps, holding, input.values));
  const { protectedPaths } = holding.settings;
  const asked = command.permissions.includes('edit') ? withRules(rendered, { undone: input.undone, protectedPaths }) : rendered;
  const told = resume ? '' : await takingOver(deps, holding, input, command);
  const whole = withMessages(`${asked}${told}${await workspacePrompt(deps, holding, command)}`, input.messages);
  const prompt = interrupted ? resumed(whole) : resume ? messagesAlone(input.messages ?? []) : whole;
  const sessionId = resume ?? randomUUID();
  await keep(work, { kind: 'prompt', name: `${input.command}.prompt.md`, sessionId, text: prompt });
  return { command, said: resume ? { prompt, resume } : { prompt, sessionId } };
}

async function ask(work: AgentWork, turn: Turn, said: Said): Promise<TurnResult> {
  let sessionId = 'resume' in said ? said.resume : said.sessionId;
  try {
    const first = await playTurn(turn, said);
    ({ sessionId } = first);
    return await checkAnswer({
      output: turn.command.output,
      first,
      again: (prompt) => playTurn(turn, { prompt, resume: first.sessionId }),
      keepRaw: (text) => keep(work, { kind: 'answer', name: `${work.input.command}.raw.txt`, sessionId: first.sessionId, text }),
    });
  } finally {
    await keepTranscript(work, sessionId).catch(unwritten('The record of a transcript'));
  }
}

interface Finished {
  work: AgentWork;
  command: Command;
  answer: TurnResult;
  spending: Spending;
  again: Again;
}

async function finish({ work, command, answer, spending, again }: Finished): Promise<AgentOutcome> {
  const { input, holding } = work;
  const settled = await settle(work, command, again);
  holding.at = settled.checkpoint;
  if (settled.changed) await keepDiff(work.deps, holding, { step: input.step, to: settled.checkpoint });
  const artifact = input.keepAs === 'plan' ? await keepPlan(work, answer) : await keepAnswer(work, answer);
  return {
    session: spentOn(input, answer.sessionId, spending),
    artifactId: artifact.id,
    ...(input.keepAs === 'plan' ? { sha256: artifact.sha256 } : {}),
    text: answer.text.slice(0, MAX_SAID),
    ...settled,
    ...(answer.json === undefined ? {} : { json: digestOf(command.output, answer.json) }),
  };
}

async function keepAnswer(work: AgentWork, { sessionId, text, json }: TurnResult) {
  const { command } = work.input;
  if (json === undefined) return keep(work, { kind: 'answer', name: `${command}.md`, sessionId, text });
  return keep(work, { kind: 'answer', name: `${command}.json`, sessionId, text: JSON.stringify(json, undefined, 2) });
}

/** Its notes on the codebase are for later runs too; they are kept apart. */
async function keepPlan(work: AgentWork, { sessionId, text }: TurnResult) {
  const { plan, notes } = splitNotes(text);
  if (notes) await keepNotes(work.deps, work.holding, notes).catch(unwritten('The notes on the codebase'));
  return keep(work, { kind: 'plan', name: 'plan.md', sessionId, text: plan || text });
}

const spentOn = ({ command: name, engine }: AgentInput, id = 'failed', spending: Spending): SessionView => ({
  name,
  engine,
  id,
  ...spending.total(),
});

const resumed = (prompt: string): string =>
  `You were interrupted while you worked on the following. Look at the present state of the workspace and go on from there; do not start over.\n\n${prompt}`;

async function keepTranscript({ deps, input }: AgentWork, sessionId: string): Promise<void> {
  // A CLI that is not installed has said nothing.
  await recordOutput(deps, { ...transcriptOf(input), sessionId });
}

async function keep({ deps, input }: AgentWork, left: Pick<NewArtifact, 'kind' | 'name' | 'sessionId'> & { text: string }) {
  const artifact = await deps.files.writeArtifact({ ...leftBy(input.step), ...left });
  await deps.ledger.recordArtifact(artifact);
  return artifact;
}
