const FENCED_JSON = /```json[^\S\n]*\n([\s\S]*?)\n[^\S\n]*```/g;

/** The JSON object or array of a text: its last fenced block, or the whole of it. */
export function jsonInText(text: string): unknown {
  const fenced = [...text.matchAll(FENCED_JSON)].at(-1)?.[1];
  return parsed(fenced ?? text);
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    // A bare number or word is prose that happens to parse.
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
