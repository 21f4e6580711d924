import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { OUTPUT_SCHEMAS } from '../contracts/agent-outputs.ts';
import type { OutputName } from '../contracts/agent-outputs.ts';
import type { CommandName } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import { checkShape, parseFrontMatter, parseYaml, splitFrontMatter } from '../documents/front-matter.ts';
import type { TextSource } from '../documents/front-matter.ts';

const OUTPUTS = ['text', ...(Object.keys(OUTPUT_SCHEMAS) as OutputName[])] as const;

const frontMatter = z.strictObject({
  /** `text`, or the name of the answer's schema. */
  output: z.enum(OUTPUTS),
  permissions: z.array(z.enum(['read', 'edit', 'run'])).min(1),
});
type FrontMatter = z.infer<typeof frontMatter>;

/** A prompt template: what the agent is asked, may do, and answers. */
export interface Command extends FrontMatter {
  name: CommandName;
  /** Names of the placeholders that it may use. */
  placeholders: readonly string[];
  body: string;
}

export interface LoadCommandInput {
  name: CommandName;
  /** The text of the repository's own `.belay/commands/<name>.md`. */
  override?: string;
}

/**
 * Belay's own command, or the repository's in its place: other words for the same work, so it answers the same way,
 * may use the same placeholders and be allowed no more. Throws `BelayError` settings_invalid for one that does not keep to it.
 */
export function loadCommand({ name, override }: LoadCommandInput): Command {
  const own = ownCommand(name);
  if (override === undefined) return own;
  const source: TextSource = {
    name: `.belay/commands/${name}.md`,
    code: 'settings_invalid',
    hint: `Compare it with Belay's own commands/${name}.md, or remove it.`,
  };
  const { frontMatter: yaml, body } = splitFrontMatter(override);
  const stated = yaml === undefined ? {} : checkShape(parseYaml(yaml, source, 1) ?? {}, frontMatter.partial(), source);
  const { output = own.output, permissions = own.permissions } = stated;
  const problems = overrideProblems(own, { output, permissions, body });
  if (problems.length > 0) {
    const message = `${source.name} cannot be used: ${problems.join('; ')}.`;
    throw new BelayError({ code: source.code, message, ...(source.hint ? { hint: source.hint } : {}) });
  }
  return { ...own, permissions, body };
}

function ownCommand(name: CommandName): Command {
  const url = new URL(`../../commands/${name}.md`, import.meta.url);
  const { data, body } = parseFrontMatter(readFileSync(url, 'utf8'), frontMatter, { name: `commands/${name}.md`, code: 'internal' });
  return { name, ...data, placeholders: [...placeholdersIn(body)], body };
}

function overrideProblems(own: Command, { output, permissions, body }: FrontMatter & { body: string }): string[] {
  const problems: string[] = [];
  if (body === '') problems.push('it has no text');
  if (output !== own.output) problems.push(`its output must be ${own.output}`);
  const more = permissions.filter((permission) => !own.permissions.includes(permission));
  if (more.length > 0) problems.push(`it may not ask for the permission ${more.join(', ')}`);
  const unknown = [...placeholdersIn(body)].filter((placeholder) => !own.placeholders.includes(placeholder));
  if (unknown.length > 0) problems.push(`unknown placeholder ${listed(unknown)} (there are ${listed(own.placeholders)})`);
  return problems;
}

const PLACEHOLDER = /\{\{\s*(.*?)\s*\}\}/g;

function placeholdersIn(body: string): Set<string> {
  return new Set([...body.matchAll(PLACEHOLDER)].map((match) => match[1] ?? ''));
}

const listed = (names: readonly string[]): string => names.map((name) => `{{${name}}}`).join(', ');

/**
 * The prompt with its values as they are: a `{{placeholder}}` inside a value stays text. Untrusted values belong in `fenced`.
 * Throws `BelayError` invalid_input for a placeholder without a value and for a value that the command does not know.
 */
export function renderCommand(command: Command, values: Record<string, string>): string {
  const missing = [...placeholdersIn(command.body)].filter((name) => !Object.hasOwn(values, name));
  const unknown = Object.keys(values).filter((name) => !command.placeholders.includes(name));
  const problems = [
    ...(missing.length > 0 ? [`no value for ${listed(missing)}`] : []),
    ...(unknown.length > 0 ? [`no placeholder for the value ${listed(unknown)}`] : []),
  ];
  if (problems.length > 0) {
    throw new BelayError({
      code: 'invalid_input',
      message: `The prompt ${command.name} cannot be written: ${problems.join('; ')}.`,
      hint: `Its placeholders are ${listed(command.placeholders)}.`,
    });
  }
  return command.body.replaceAll(PLACEHOLDER, (_, name: string) => values[name] ?? '');
}

/** A text as a fenced block that it cannot leave: the fence is longer than any run of backticks in it. */
export function fenced(label: string, text: string): string {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(Math.max(3, longest + 1));
  const info = label.replaceAll(/[^A-Za-z0-9-]+/g, '-');
  return `${fence}${info}\n${text.trimEnd()}\n${fence}`;
}
