import type { Grant } from '../contracts/lease.ts';
import type { RunInput } from '../contracts/run-input.ts';
import type { RunState } from '../contracts/run-state.ts';
import type { HoldInput } from '../contracts/work.ts';

/** What a host needs to know to prepare the run's workspace. */
export function holdRequest(
  { repository, base, baseSha, continues, requested, checkpoints }: RunInput,
  { view, checkpoint }: RunState,
): Omit<HoldInput, 'lease'> {
  const start = view.baseSha ?? baseSha;
  return {
    repository,
    ...(base ? { base } : {}),
    ...(start ? { baseSha: start } : {}),
    ...(checkpoint ? { checkpoint } : {}),
    ...(continues ? { continues } : {}),
    ...(checkpoints ? { checkpoints } : {}),
    ...(requested?.workspace ? { workspace: requested.workspace } : {}),
  };
}

/** A workspace is ready: the run works from here on. */
export function applyGrant(state: RunState, { epoch, host, kind, path, ports, baseSha, commit, settings, handover }: Grant): void {
  Object.assign(state, { epoch, host, settings });
  if (handover) state.handover = handover;
  state.checkpoint ??= commit;
  const { view } = state;
  Object.assign(view, { baseSha, headSha: state.checkpoint, status: 'running', workspace: { kind, host, path, ports } });
  view.startedAt ??= new Date().toISOString();
  delete view.waitingFor;
}
