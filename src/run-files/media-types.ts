import { extname } from 'node:path';

const BY_ENDING: Record<string, string> = {
  '.json': 'application/json',
  '.jsonl': 'application/x-ndjson',
  '.md': 'text/markdown; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.log': 'text/plain; charset=utf-8',
  '.diff': 'text/x-diff; charset=utf-8',
  '.xml': 'application/xml',
  '.png': 'image/png',
};
const OTHERS = 'application/octet-stream';

/** All that there are. */
export const MEDIA_TYPES: readonly string[] = [...new Set([OTHERS, ...Object.values(BY_ENDING)])];

/** By the ending of a name that Belay gave. */
export const mediaTypeOf = (name: string): string => BY_ENDING[extname(name).toLowerCase()] ?? OTHERS;
