import { join, normalize } from 'node:path';
import { z } from 'zod';
import type { TestResult } from '../../contracts/evidence.ts';
import { inFolder, startOf } from '../invocation.ts';
import type { Invocation } from '../invocation.ts';
import { boundedError } from '../runner.ts';
import type { Runner } from '../runner.ts';
import { quote } from '../shell.ts';

const rspecReport = z.object({
  examples: z.array(
    z.object({
      id: z.string().optional(),
      full_description: z.string(),
      status: z.string(),
      file_path: z.string(),
      line_number: z.number(),
      exception: z.object({ class: z.string(), message: z.string(), backtrace: z.array(z.string()).nullish() }).optional(),
    }),
  ),
  messages: z.array(z.string()).default([]),
  summary: z.object({ errors_outside_of_examples_count: z.number().default(0) }),
});
type Example = z.infer<typeof rspecReport>['examples'][number];

/** https://rspec.info: reports by SPEC_OPTS, which reaches it through any script, beside the dots for people. */
export const rspec: Runner = {
  name: 'rspec',
  isStartedBy: (line) => /(^|[\s/])rspec(\s|$)/.test(line),
  request: ({ invocation, reportFile, env }) => {
    const ours = `--format progress --format json --out ${quote(reportFile)}`;
    const given = env['SPEC_OPTS'];
    return { command: invocation.command, env: { SPEC_OPTS: given ? `${given} ${ours}` : ours } };
  },
  parse: async ({ report, invocation }) => {
    const { examples, messages, summary } = rspecReport.parse(JSON.parse(report));
    const results = examples.map((example) => resultOf(example, invocation));
    return { results: summary.errors_outside_of_examples_count > 0 ? [...outside(messages, invocation), ...results] : results };
  },
  foundNone: ({ exitCode, output, report }) =>
    exitCode === 0 && report.results.length === 0 && /^No examples found|^0 examples, 0 failures$/m.test(output),
  affected: ({ invocation, changedFiles }) => {
    const specs = changedFiles.filter((file) => file.endsWith('_spec.rb'));
    return specs.length === 0 ? undefined : inFolder(invocation, [...program(invocation), ...specs.map(quote)].join(' '));
  },
};

function resultOf(
  { id, full_description: name, status, file_path: path, line_number: line, exception }: Example,
  invocation: Invocation,
): TestResult {
  const failed = status === 'failed';
  const error = exception
    ? [`${exception.class}: ${exception.message}`, ...(exception.backtrace ?? []).filter(isOurs)].join('\n')
    : 'Failed.';
  return {
    name,
    file: join(invocation.folder, normalize(path)),
    passed: status === 'passed',
    ...(status === 'pending' ? { skipped: true } : {}),
    ...(failed
      ? { error: boundedError(error), command: inFolder(invocation, [...program(invocation), quote(id ?? `${path}:${line}`)].join(' ')) }
      : {}),
  };
}

/** As rspec itself shows it. */
const isOurs = (frame: string): boolean => !/\/gems\/|\/bin\/(rspec|bundle):/.test(frame);

/** A file that cannot be loaded, or a hook of the whole suite that failed. */
function outside(messages: string[], invocation: Invocation): TestResult[] {
  const told = messages.filter((message) => /error occurred/i.test(message));
  return told.map((message) => {
    const [, path] = /error occurred while loading (\S+?)\.?\s*$/m.exec(message) ?? [];
    const file = path === undefined ? undefined : normalize(path);
    return {
      name: file ?? 'outside of examples',
      ...(file === undefined
        ? {}
        : { file: join(invocation.folder, file), command: inFolder(invocation, [...program(invocation), quote(file)].join(' ')) }),
      passed: false,
      error: boundedError(message),
    };
  });
}

/** The command up to the runner, such as `bundle exec rspec`. */
function program(invocation: Invocation): string[] {
  const isStart = (command: string): boolean => rspec.isStartedBy(command);
  const start = startOf(invocation, isStart, /(^|\/)rspec$/);
  return start.length > 0 ? start : ['bundle', 'exec', 'rspec'];
}
