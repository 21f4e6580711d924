/** A word for the shell, quoted where it has to be. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** The folder of a leading `cd folder &&`, and what follows it. */
export function splitFolder(command: string): { folder: string; rest: string } {
  const [, folder, rest] = /^\s*cd\s+([\w@%+=:,./-]+)\s*(?:&&|;)\s*(.*)$/s.exec(command) ?? [];
  return { folder: folder ?? '', rest: (rest ?? command).trim() };
}

const QUOTED = String.raw`'[^']*'|"(?:\\.|[^"\\])*"|\\.`;

/** The commands of a line, at `&&`, `||`, `;` and `|` outside quotes. */
export function commandsOf(line: string): string[] {
  const pieces = line.match(new RegExp(String.raw`(?:${QUOTED}|[^'"\\;|&\n]|(?<!&)&(?!&))+`, 'gs')) ?? [];
  return pieces.map((piece) => piece.trim()).filter(Boolean);
}

/** The one that arguments at the end of the line reach. */
export const lastCommand = (line: string): string => commandsOf(line).at(-1) ?? '';

/** The words of one command, their quotes kept. */
export const wordsOf = (command: string): string[] => command.match(new RegExp(String.raw`(?:${QUOTED}|[^\s'"\\])+`, 'gs')) ?? [];

/** What may follow a program, or a word before one. */
const OPERATORS = /[|&;<>()`\n]|\$\(/;

/** Whether a line is one plain command: no pipes, lists, redirections, substitutions. */
export const isPlain = (line: string): boolean => !OPERATORS.test(line.replaceAll(new RegExp(QUOTED, 'gs'), ''));

/** A text within a regular expression. */
export const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

/** A regular expression that matches a text alone. */
export const exactly = (text: string): string => `^${escaped(text)}$`;
