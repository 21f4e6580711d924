import { join } from 'node:path';
import { expect, test } from 'vitest';
import { intakeStatus, pauseIntake, resumeIntake } from '../../src/cli/intake.ts';
import { openReaderContext } from '../../src/cli/reader-context.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

test('the intake is paused until it is resumed, and both are noted once', async () => {
  await using folder = await temporaryDirectory();
  const said: string[] = [];
  const nothing = (): void => {};
  const terminal = { live: false, piped: true, out: (text: string) => void said.push(text), note: nothing, exact: nothing };
  await using context = await openReaderContext({ env: { BELAY_HOME: join(folder.path, 'home') }, terminal });
  const status = async (): Promise<unknown> => {
    await intakeStatus(context, { json: true });
    return JSON.parse(said.at(-1) ?? '');
  };
  expect(await status()).toEqual({ paused: false });
  for (const command of [pauseIntake, pauseIntake]) expect(await command(context)).toBe(0);
  expect(said.at(-1)).toContain('has paused the intake');
  expect(await status()).toMatchObject({ paused: true, by: expect.any(String) as string });
  for (const command of [resumeIntake, resumeIntake]) expect(await command(context)).toBe(0);
  expect(await status()).toEqual({ paused: false });
  const noted = await context.ledger.listAudit({ limit: 10 });
  expect(noted.map(({ action }) => action)).toEqual(['intake.pause', 'intake.resume']);
});
