/** Both ends included. */
export interface PortRange {
  first: number;
  last: number;
}

export const sizeOf = ({ first, last }: PortRange): number => last - first + 1;
