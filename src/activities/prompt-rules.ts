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
