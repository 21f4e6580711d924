import { ENGINES, PHASES, PIPELINES } from '../contracts/constants.ts';
import type { EngineName, PhaseName, PipelineName } from '../contracts/constants.ts';
import { plainLine, plainText } from '../contracts/text.ts';

/** What a comment asks of Belay. */
export type CommentCommand =
  | { name: 'run'; pipeline?: PipelineName; engine?: EngineName; model?: string }
  /** `hash`: of what is approved, and nothing else. */
  | { name: 'approve'; hash?: string }
  | { name: 'reject'; reason: string }
  | { name: 'cancel'; reason?: string }
  | { name: 'retry'; phase?: PhaseName }
  | { name: 'status' }
  /** `problem`: what was not understood. */
  | { name: 'help'; problem?: string };

const COMMAND = /^\/belay(?:\s+(.*))?$/i;
const FENCE = /^ {0,3}(?:```|~~~)/;
/** It becomes an argument of the agent's program. */
const MODEL = /^[a-z\d][\w.:/@[\]-]{0,99}$/i;
const HASH = /^[\da-f]{7,64}$/;
const MAX_REASON = 1000;

/** The command of a comment: its first line that begins with `/belay`, outside of code. Undefined where there is none. */
export function commandIn(body: string): CommentCommand | undefined {
  let inCode = false;
  for (const line of plainText(body).split('\n')) {
    if (FENCE.test(line)) inCode = !inCode;
    const found = inCode ? null : COMMAND.exec(line.trimEnd());
    if (found) return parse(found[1]?.trim() ?? '');
  }
  return undefined;
}

function parse(text: string): CommentCommand {
  const [, word = '', rest = ''] = /^(\S*)\s*(.*)$/s.exec(text) ?? [];
  const read = READERS.get(word.toLowerCase());
  if (read) return read(rest);
  return word === '' ? { name: 'help' } : notUnderstood(`There is no command \`${shown(word)}\`.`);
}

type Reader = (rest: string) => CommentCommand;

const READERS = new Map<string, Reader>([
  ['run', readRun],
  ['plan', (rest) => (rest === '' ? { name: 'run', pipeline: 'plan' } : withoutArguments('plan', rest))],
  ['approve', readApprove],
  ['reject', readReject],
  ['cancel', (rest) => (rest === '' ? { name: 'cancel' } : { name: 'cancel', reason: reasonIn(rest) })],
  ['retry', readRetry],
  ['status', () => ({ name: 'status' })],
  ['help', () => ({ name: 'help' })],
]);

function readReject(rest: string): CommentCommand {
  return rest === ''
    ? notUnderstood('`reject` wants the reason: it is what the agent is told.')
    : { name: 'reject', reason: reasonIn(rest) };
}

function readRun(rest: string): CommentCommand {
  const command: CommentCommand = { name: 'run' };
  for (const word of rest.split(/\s+/).filter(Boolean)) {
    const [, key, value = ''] = /^([a-z]+)=(.*)$/i.exec(word) ?? [];
    const pipeline = key === undefined ? known(PIPELINES, word) : undefined;
    const engine = key === 'engine' ? known(ENGINES, value) : undefined;
    if (pipeline) command.pipeline = pipeline;
    else if (engine) command.engine = engine;
    else if (key === 'model' && MODEL.test(value)) command.model = value;
    else return notUnderstood(wrongChoice(word, key));
  }
  return command;
}

function wrongChoice(word: string, key: string | undefined): string {
  if (key === 'engine') return `\`${shown(word)}\` names no engine: there is ${listed(ENGINES)}.`;
  if (key === 'model') return `\`${shown(word)}\` is not the name of a model.`;
  return `\`${shown(word)}\` is no pipeline: there is ${listed(PIPELINES)}.`;
}

function readApprove(rest: string): CommentCommand {
  if (rest === '') return { name: 'approve' };
  return HASH.test(rest) ? { name: 'approve', hash: rest } : notUnderstood(`\`${shown(rest)}\` is not a hash that Belay has asked about.`);
}

function readRetry(rest: string): CommentCommand {
  if (rest === '') return { name: 'retry' };
  const phase = known(PHASES, rest);
  return phase ? { name: 'retry', phase } : notUnderstood(`\`${shown(rest)}\` is no phase: there is ${listed(PHASES)}.`);
}

const withoutArguments = (name: string, rest: string): CommentCommand =>
  notUnderstood(`\`${name}\` stands alone, without \`${shown(rest)}\`.`);

const known = <Name extends string>(names: readonly Name[], word: string): Name | undefined =>
  names.find((name) => name.toLowerCase() === word.toLowerCase());

const notUnderstood = (problem: string): CommentCommand => ({ name: 'help', problem });
const reasonIn = (text: string): string => plainLine(text, MAX_REASON);
const shown = (word: string): string => plainLine(word, 60).replaceAll('`', "'");
const listed = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');
