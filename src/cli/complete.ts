import type { Command, Option } from 'commander';

export interface Candidate {
  value: string;
  about: string;
}

/** What may stand where the cursor is: some words, or whatever the shell itself finds. */
export interface Completion {
  candidates: Candidate[];
  paths?: 'files' | 'folders';
}

export interface CompleteRequest {
  program: Command;
  /** Everything after `belay` up to the cursor; the last one, perhaps empty, is to be completed. */
  words: readonly string[];
  /** The newest runs, which arguments called `id` mean. Asked for only then. */
  runs: () => Promise<Candidate[]>;
}

/** Completes by what the command line itself declares, so that nothing has to be listed a second time. */
export async function complete({ program, words, runs }: CompleteRequest): Promise<Completion> {
  const { before, word } = joined(words);
  const place = placeOf(program, before);
  const [flag, value] = equals(word);
  const option = place.open ?? (value === undefined ? undefined : optionOf(place.command, flag));
  const prefix = place.open || value === undefined ? '' : `${flag}=`;
  const found = option
    ? valuesOf(option)
    : word.startsWith('-') && !place.onlyArguments
      ? optionsOf(place.command)
      : await argumentsOf(place, runs);
  const candidates = found.candidates
    .map((candidate) => ({ ...candidate, value: `${prefix}${candidate.value}` }))
    .filter((candidate) => candidate.value.startsWith(word));
  return { ...found, candidates };
}

/** bash takes `--engine=claude` for three words. */
function joined(words: readonly string[]): { before: string[]; word: string } {
  const before = words.slice(0, -1).filter((each) => each !== '=');
  const word = words.at(-1) ?? '';
  return { before, word: word === '=' ? '' : word };
}

const equals = (word: string): [string, string?] => {
  const at = word.indexOf('=');
  return word.startsWith('--') && at > 0 ? [word.slice(0, at), word.slice(at + 1)] : [word];
};

interface Place {
  command: Command;
  /** How many arguments the command has already. */
  arguments: number;
  /** The option whose value comes next. */
  open: Option | undefined;
  /** After `--` nothing is an option. */
  onlyArguments: boolean;
}

function placeOf(program: Command, before: readonly string[]): Place {
  const place: Place = { command: program, arguments: 0, open: undefined, onlyArguments: false };
  for (const word of before) {
    if (place.open) place.open = undefined;
    else if (word === '--') place.onlyArguments = true;
    else if (word.startsWith('-') && !place.onlyArguments) place.open = awaiting(place.command, word);
    else descend(place, word);
  }
  return place;
}

function awaiting(command: Command, word: string): Option | undefined {
  const [flag, value] = equals(word);
  const option = optionOf(command, flag);
  return option && value === undefined && (option.required || option.optional) ? option : undefined;
}

function descend(place: Place, word: string): void {
  const next = place.command.commands.find((command) => command.name() === word || command.aliases().includes(word));
  if (next) place.command = next;
  else place.arguments += 1;
}

const optionOf = (command: Command, flag: string): Option | undefined =>
  command.options.find(({ long, short }) => flag === long || flag === short);

function optionsOf(command: Command): Completion {
  const candidates = command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long, description }) => (long ? [{ value: long, about: description }] : []));
  return { candidates };
}

function valuesOf({ argChoices, flags }: Option): Completion {
  if (argChoices) return { candidates: argChoices.map((value) => ({ value, about: '' })) };
  // By how the value is called in the help: --repo <repository>, --plan <file>.
  if (/[<[|](?:path|repository)\b/.test(flags)) return { candidates: [], paths: 'folders' };
  return /[<[|]file\b/.test(flags) ? { candidates: [], paths: 'files' } : { candidates: [] };
}

async function argumentsOf({ command, arguments: given }: Place, runs: CompleteRequest['runs']): Promise<Completion> {
  const commands = command.createHelp().visibleCommands(command);
  if (commands.length > 0 && given > 0) return { candidates: [] };
  if (commands.length > 0) return { candidates: commands.map((each) => ({ value: each.name(), about: each.description() })) };
  const argument = command.registeredArguments[given];
  if (argument?.argChoices) return { candidates: argument.argChoices.map((value) => ({ value, about: '' })) };
  if (argument?.name() === 'id') return { candidates: await runs() };
  return argument?.name() === 'issue' ? { candidates: [], paths: 'files' } : { candidates: [] };
}
