import { fenced } from '../prompts/prompt.ts';

/** What people have said since the agent was asked the last time: theirs is the word, unlike that of the issue's comments. */
export function withMessages(prompt: string, messages: readonly string[] = []): string {
  if (messages.length === 0) return prompt;
  return [prompt.trimEnd(), `## What a person of the team says to this`, messages.map((text) => fenced('message', text)).join('\n\n')].join(
    '\n\n',
  );
}

/** For a session that knows the rest. */
export const messagesAlone = (messages: readonly string[]): string =>
  `${withMessages('While you worked, a person of the team has written to you.', messages)}\n\nTake it into account now: change what has to be changed, and give your whole answer again, in the form that you were asked for.`;

/** For a session that has just ended its turn. */
export const withoutSecrets = (leaks: readonly string[]): string =>
  [
    'What looks like secrets is in files that you have changed, and Belay commits no secrets:',
    listed(leaks),
    'Take them out: have the code read them from its environment, or use an example that cannot be taken for a real one. Do nothing else, and repeat nothing of your answer: it is kept.',
  ].join('\n\n');

interface Rules {
  undone: readonly string[] | undefined;
  protectedPaths: readonly string[];
}

/** The prompt of an editing turn with what Belay undoes after it: said in the repository's own prompts too, for it would be work for nothing. */
export function withRules(prompt: string, { undone = [], protectedPaths }: Rules): string {
  return [
    prompt.trimEnd(),
    ...(undone.length > 0
      ? [
          '## The last turn of this kind was undone',
          `The tests would have found less after it. Reach the goal without that:\n\n${listed(undone)}`,
        ]
      : []),
    ...(protectedPaths.length > 0
      ? [
          '## Protected paths',
          `The team changes these itself. Whatever you change there is put back after your turn, so find a way without:\n\n${listed(protectedPaths.map((path) => `\`${path}\``))}`,
        ]
      : []),
  ].join('\n\n');
}

const listed = (items: readonly string[]): string => items.map((item) => `- ${item}`).join('\n');
