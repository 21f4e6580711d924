import { BelayError } from '../contracts/errors.ts';

/** Both ends included. */
export interface PortRange {
  first: number;
  last: number;
}

/** `9100-9114`, or one port. Throws configuration_invalid. */
export function parsePortRange(text: string): PortRange {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text.trim());
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match && first >= 1024 && last <= 65_535 && first <= last) return { first, last };
  throw invalid(`${JSON.stringify(text)} is not a range of ports`, 'Write two ports between 1024 and 65535, such as 9100-9114.');
}

/** Throws configuration_invalid unless each range has a port for every slot and the two do not overlap. */
export function assertRangesFit({ slots, backend, frontend }: { slots: number; backend: PortRange; frontend: PortRange }): void {
  for (const [name, range] of Object.entries({ backend, frontend })) {
    if (sizeOf(range) < slots) {
      throw invalid(
        `The ${name} ports ${rangeText(range)} are ${sizeOf(range)}, but ${slots} workspaces may run at once`,
        `Widen the range to ${range.first}-${range.first + slots - 1}, or lower BELAY_MAX_WORKSPACES to ${sizeOf(range)}.`,
      );
    }
  }
  if (backend.first <= frontend.last && frontend.first <= backend.last) {
    throw invalid(
      `The backend ports ${rangeText(backend)} and the frontend ports ${rangeText(frontend)} overlap`,
      'Give each a range of its own in BELAY_PORTS_BACKEND and BELAY_PORTS_FRONTEND.',
    );
  }
}

export const sizeOf = ({ first, last }: PortRange): number => last - first + 1;

export const rangeText = ({ first, last }: PortRange): string => `${first}-${last}`;

const invalid = (message: string, hint: string): BelayError => new BelayError({ code: 'configuration_invalid', message, hint });
