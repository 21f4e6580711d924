import { BelayError } from '../contracts/errors.ts';

interface ByteRange {
  first: number;
  last: number;
}

/** The one part that `Range` asks for; undefined for all of it: headers of other kinds, and several parts at once, may be ignored. Throws range_not_satisfiable. */
export function byteRangeOf(header: string | undefined, bytes: number): ByteRange | undefined {
  const [, from = '', to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '') ?? [];
  if (from === '' && to === '') return undefined;
  const [first, last] = from === '' ? [Math.max(0, bytes - Number(to)), bytes - 1] : [Number(from), to === '' ? bytes - 1 : Number(to)];
  // As if it were not there (RFC 9110, 14.1.1).
  if (from !== '' && to !== '' && last < first) return undefined;
  if (first >= bytes || last < first) throw new RangeNotSatisfiable(bytes);
  return { first, last: Math.min(last, bytes - 1) };
}

/** Headers of an answer with that part of so many bytes, or with all of them. */
export function rangeHeaders(range: ByteRange | undefined, bytes: number): Record<string, string> {
  const length = range ? range.last - range.first + 1 : bytes;
  const part = range ? { 'content-range': `bytes ${range.first}-${range.last}/${bytes}` } : {};
  return { 'accept-ranges': 'bytes', 'content-length': String(length), ...part };
}

export class RangeNotSatisfiable extends BelayError {
  readonly bytes: number;

  constructor(bytes: number) {
    super({ code: 'range_not_satisfiable', message: `The file has ${bytes} bytes, and nothing in the part that was asked for.` });
    this.bytes = bytes;
  }
}
