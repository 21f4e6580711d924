import type { Grant } from '../contracts/lease.ts';
import type { EarlierWork, RunInput } from '../contracts/run-input.ts';
import type { RunState } from '../contracts/run-state.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import { commitsToKeep } from './versions.ts';
import type { HoldInput } from '../contracts/work.ts';

/** What a host needs to know to prepare the run's workspace. */
export function holdRequest(
  { repository, base, baseSha, continues, requested, checkpoints }: RunInput,
  { view, checkpoint, versions }: RunState,
): Omit<HoldInput, 'lease'> {
  const start = view.baseSha ?? baseSha;
  const keep = commitsToKeep(versions);
  return {
    repository,
    ...(base ? { base } : {}),
    ...(start ? { baseSha: start } : {}),
    ...(checkpoint ? { checkpoint } : {}),
    ...(continues ? { continues: startOf(continues) } : {}),
    ...(keep.length > 0 ? { keep } : {}),
    ...(checkpoints ? { checkpoints } : {}),
    ...(requested?.workspace ? { workspace: requested.workspace } : {}),
  };
}

const startOf = ({ runId, commit, branchHead, over, plan, review }: EarlierWork) => ({
  runId,
  ...withoutUndefined({ commit, branchHead, over, plan, review }),
});

/** A workspace is ready: the run works from here on. */
export function applyGrant(state: RunState, { epoch, host, kind, path, ports, baseSha, commit, settings, handover }: Grant): void {
  Object.assign(state, { epoch, host, settings });
  state.start ??= commit;
  if (handover) state.handover = handover;
  state.checkpoint ??= commit;
  const { view } = state;
  Object.assign(view, { baseSha, headSha: state.checkpoint, status: 'running', workspace: { kind, host, path, ports } });
  view.startedAt ??= new Date().toISOString();
  for (const past of ['waitingFor', 'waitingUntil', 'waitingMessage'] as const) delete view[past];
}
