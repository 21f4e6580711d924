import { describe, expect, it } from 'vitest';
import { runCampaign } from '../../chaos/campaign.ts';
import type { CampaignOptions, Played } from '../../chaos/campaign.ts';
import { SCENARIOS } from '../../chaos/scenarios.ts';

const WORKER = '../chaos/worker.ts';

/** Plays one scenario once. */
async function play(name: string, stage: CampaignOptions['stage'] = {}): Promise<Played> {
  const scenarios = SCENARIOS.filter((scenario) => scenario.name === name);
  const [played] = await runCampaign({ seed: 'test', scenarios, minutes: 0.001, kills: 1, stage });
  if (!played) throw new Error(`${name} was not played.`);
  return played;
}

const broken = ({ violations }: Played): string[] => [...new Set(violations.map(({ invariant }) => invariant))];

// A campaign starts servers and workers, and waits for what they do about being killed.
describe('a campaign', { timeout: 240_000 }, () => {
  it('finds nothing wrong when a worker is killed in the middle of an agent’s turn', async () => {
    const played = await play('orphans');
    expect(played.violations).toEqual([]);
    expect(played).toMatchObject({ orders: 1, kills: 1, lost: 0, duplicates: 0, ends: { pull_request: 1 } });
  });

  it('finds agents that live on when nothing ends those of a killed worker', async () => {
    expect(broken(await play('orphans', { program: { file: WORKER, args: ['--without', 'reaper'] } }))).toContain('I1');
  });

  it('finds a late write of a host that has lost the run when there is no fence', async () => {
    expect(broken(await play('late push', { program: { file: WORKER, args: ['--without', 'fence'] } }))).toContain('I4');
  });
});
