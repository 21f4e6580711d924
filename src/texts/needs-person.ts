import type { RunView } from '../contracts/run-view.ts';

/** What a run needs of a person, line by line: the cause, then the commands that go on. Nothing where it needs none. */
export function needsPerson({ id, status, errors, approval, waitingMessage }: RunView): string[] {
  if (approval && status === 'waiting')
    return [
      `Run ${id} waits: ${waitingMessage ?? 'a person has to approve'}.`,
      `belay approve ${id} --hash ${approval.hash.slice(0, 12)}`,
      `belay reject ${id} --reason "…"`,
    ];
  const last = errors.at(-1);
  if (status !== 'parked') return [];
  return [
    ...(last ? [`${last.code}: ${last.message}`, ...(last.hint ? [last.hint] : [])] : []),
    `belay retry ${id}    goes on`,
    `belay cancel ${id}   drops it`,
  ];
}
