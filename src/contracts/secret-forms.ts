/** Shorter ones are in other texts too. */
const MIN_PIECE = 10;
const PIECES = 3;

/** How a secret is written: as it is, in JSON, in an address, and as any part of something in base64. */
export function secretForms(secret: string): string[] {
  const encoded = base64Forms(secret);
  return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), ...encoded, ...encoded.flatMap(piecesOf)];
}

/** Programs break base64 into lines, which leaves all but one of these whole. */
function piecesOf(encoded: string): string[] {
  const length = Math.ceil(encoded.length / PIECES);
  if (length < MIN_PIECE) return [];
  return Array.from({ length: PIECES }, (_, index) => encoded.slice(index * length, (index + 1) * length)).filter(
    (piece) => piece.length >= MIN_PIECE,
  );
}

/** The text without it, whatever form it has there. */
export const withoutSecret = (text: string, secret: string, instead: string): string =>
  secretForms(secret).reduce((rest, form) => (form === '' ? rest : rest.replaceAll(form, instead)), text);

/** What is before it shifts it by none, one or two bytes; letters that hold bits of what is beside it are left out. */
function base64Forms(secret: string): string[] {
  return [0, 1, 2].flatMap((shift) => {
    const bytes = Buffer.concat([Buffer.alloc(shift), Buffer.from(secret)]);
    const end = Math.floor((bytes.length * 8) / 6);
    const [plain, url] = [bytes.toString('base64'), bytes.toString('base64url')];
    return [plain, url].map((text) => text.slice(Math.ceil((shift * 8) / 6), end));
  });
}
