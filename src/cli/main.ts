import { createProgram } from './program.ts';
import { createTerminal, describeError, exitCodeOf } from './terminal.ts';

const terminal = createTerminal(process);
// `belay list | head` closes our output early, which is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

try {
  process.exitCode = await createProgram({ env: process.env, terminal })(process.argv.slice(2));
} catch (error) {
  terminal.note(describeError(error));
  process.exitCode = exitCodeOf(error);
}
