import { loadConfig } from '../config.ts';
import { variableDoc } from '../config-variables.ts';
import type { VariableName } from '../config-variables.ts';
import { BelayError } from '../contracts/errors.ts';
import type { Asking } from './ask.ts';

export type Values = Partial<Record<VariableName, string>>;

interface Topic {
  name: VariableName;
  text: string;
  isAsked?: (values: Values) => boolean;
}

const TOPICS: readonly Topic[] = [
  { name: 'BELAY_ENGINE', text: 'Which agent works' },
  {
    name: 'ANTHROPIC_API_KEY',
    text: 'API key for claude (empty: the login of the program itself)',
    isAsked: ({ BELAY_ENGINE: engine = 'claude' }) => engine === 'claude',
  },
  { name: 'GITHUB_TOKEN', text: 'Token for GitHub (empty: the login of gh, or none)' },
  { name: 'TEMPORAL_ADDRESS', text: 'Temporal service, host:port (empty: one of its own)' },
  { name: 'BELAY_DATABASE_URL', text: 'Postgres for what happened, postgres://… (empty: a file)' },
  { name: 'BELAY_BUDGET_USD', text: 'What one run may cost, in USD' },
  { name: 'BELAY_REPOSITORIES', text: 'Where a label begins runs by itself, owner/name with commas between (empty: nowhere)' },
  { name: 'BELAY_NOTIFY_URL', text: 'Address that is told when a run needs a person (empty: none)' },
];

/** The few settings that most people have an opinion of; those given already are not asked for. */
export async function askForValues({ ask }: Pick<Asking, 'ask'>, given: Values): Promise<Values> {
  const values = { ...given };
  for (const { name, text, isAsked } of TOPICS) {
    if (values[name] !== undefined || isAsked?.(values) === false) continue;
    const { default: otherwise, secret = false } = variableDoc(name);
    const answer = await ask({ text, otherwise, hidden: secret, problem: (tried) => problemOf({ ...values, [name]: tried }) });
    if (answer !== '' && answer !== otherwise) values[name] = answer;
  }
  return values;
}

/** What is wrong with these settings, if anything. */
function problemOf(values: Values): string | undefined {
  try {
    loadConfig(values);
    return undefined;
  } catch (error) {
    if (error instanceof BelayError) return error.message.split('\n').at(-1)?.trim();
    throw error;
  }
}
