import { userInfo } from 'node:os';
import { readIntakePause, writeIntakePause } from '../intake/pause.ts';
import type { IntakePause } from '../intake/pause.ts';
import type { ReaderContext } from './reader-context.ts';
import { EXIT } from './terminal.ts';

/** `belay intake pause`. */
export async function pauseIntake(context: ReaderContext): Promise<number> {
  const { ledger, terminal } = context;
  const paused = await readIntakePause(ledger);
  if (!paused) {
    await writeIntakePause(ledger, { by: userInfo().username, at: new Date().toISOString() });
    await note(context, 'intake.pause');
  }
  terminal.out(`${paused ? words(paused) : 'No new run begins from now on.'} Open runs go on. \`belay intake resume\` ends this.`);
  return EXIT.ok;
}

/** `belay intake resume`. */
export async function resumeIntake(context: ReaderContext): Promise<number> {
  const { ledger, terminal } = context;
  if (await readIntakePause(ledger)) {
    await writeIntakePause(ledger, undefined);
    await note(context, 'intake.resume');
  }
  terminal.out('New runs may begin.');
  return EXIT.ok;
}

/** `belay intake status`. */
export async function intakeStatus({ ledger, terminal }: ReaderContext, { json }: { json: boolean }): Promise<number> {
  const paused = await readIntakePause(ledger);
  if (json) terminal.out(JSON.stringify({ paused: paused !== undefined, ...paused }, undefined, 2));
  else terminal.out(paused ? words(paused) : 'New runs may begin.');
  return EXIT.ok;
}

const words = ({ by, at }: IntakePause): string =>
  `No new run begins: ${by} has paused the intake at ${at.slice(0, 16).replace('T', ' ')} UTC.`;

const note = ({ ledger }: ReaderContext, action: string): Promise<unknown> =>
  ledger.appendAudit({ at: new Date().toISOString(), actor: userInfo().username, role: 'admin', source: 'cli', action });
