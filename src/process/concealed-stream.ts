/** What may be in no output of a child, in every way that it is written, as it is now. None has a line break in it. */
export type Forbidden = () => readonly Buffer[];

const CENSORED = '[redacted]';
const NEWLINE = 0x0a;
const NOTHING = Buffer.alloc(0);

/** Takes secrets out of a stream of bytes: an end that may be the beginning of one waits for what comes next. */
export class ConcealedStream {
  readonly #forbidden: Forbidden;
  #held = NOTHING;

  constructor(forbidden: Forbidden) {
    this.#forbidden = forbidden;
  }

  push(chunk: Buffer): Buffer {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const forms = this.#forbidden();
    const end = bytes.at(-1) === NEWLINE ? bytes.length : safeEnd(bytes, forms);
    // Copied: the chunk's memory is used again.
    this.#held = end === bytes.length ? NOTHING : Buffer.from(bytes.subarray(end));
    return concealed(bytes.subarray(0, end), forms);
  }

  /** What was held back: it has become no secret, but a shorter one may be in it. */
  end(): Buffer {
    const rest = this.#held;
    this.#held = NOTHING;
    return concealed(rest, this.#forbidden());
  }
}

/** One look for all of them; byte by byte, for what is around them may be no text. */
function concealed(bytes: Buffer, forms: readonly Buffer[]): Buffer {
  if (forms.length === 0) return bytes;
  const text = bytes.toString('latin1');
  if (!patternOf(forms).test(text)) return bytes;
  return Buffer.from(
    forms.reduce((rest, form) => rest.replaceAll(form.toString('latin1'), CENSORED), text),
    'latin1',
  );
}

/** They change when a secret does. */
const patterns = new WeakMap<readonly Buffer[], RegExp>();

function patternOf(forms: readonly Buffer[]): RegExp {
  const known = patterns.get(forms);
  if (known) return known;
  const pattern = new RegExp(forms.map((form) => form.toString('latin1').replaceAll(/[$()*+./?[\\\]^{|}]/g, String.raw`\$&`)).join('|'));
  patterns.set(forms, pattern);
  return pattern;
}

/** Where an end begins that may become one of them, and that is part of no whole one before it: half of that would not be found. */
function safeEnd(bytes: Buffer, forms: readonly Buffer[]): number {
  for (let from = 0; ;) {
    const end = beginning(bytes, forms, from);
    const after = endOfWhole(bytes, forms, end);
    if (after === end) return end;
    from = after;
  }
}

/** Where the longest end begins that one of them begins with. */
function beginning(bytes: Buffer, forms: readonly Buffer[], least: number): number {
  let end = bytes.length;
  for (const form of forms) {
    const first = form[0];
    if (first === undefined) continue;
    const from = Math.max(least, bytes.length - form.length + 1);
    for (let start = bytes.indexOf(first, from); start !== -1 && start < end; start = bytes.indexOf(first, start + 1))
      if (form.subarray(0, bytes.length - start).equals(bytes.subarray(start))) end = start;
  }
  return end;
}

/** Where those are over that begin before this place and go on after it. */
function endOfWhole(bytes: Buffer, forms: readonly Buffer[], place: number): number {
  for (let end = place; ;) {
    const across = forms.find((form) => endsAcross(bytes, form, end) > end);
    if (!across) return end;
    end = endsAcross(bytes, across, end);
  }
}

function endsAcross(bytes: Buffer, form: Buffer, place: number): number {
  if (place === bytes.length || form.length === 0) return place;
  const from = Math.max(0, place - form.length + 1);
  const start = bytes.subarray(0, place + form.length - 1).indexOf(form, from);
  return start === -1 ? place : start + form.length;
}
