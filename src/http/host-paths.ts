/** Absolute paths of two parts and more. No part of an address, of `owner/name`, or of what this API calls its own. */
const PATH = /(?<![\w.:/~-])\/(?!(?:api|docs|webhooks)\/)[^\s/'"`<>,;:()[\]]+(?:\/[^\s/'"`<>,;:()[\]]*)+/g;
const SENTENCE_END = /\.$/;

/**
 * A text for somebody elsewhere: how this machine's folders are called is not for them. What they have said themselves is left; the whole
 * text is for the log.
 */
export const withoutHostPaths = (text: string, said = ''): string =>
  text.replace(PATH, (found) => {
    const path = found.replace(SENTENCE_END, '');
    return said.includes(path) ? found : `[a path on the server]${found.slice(path.length)}`;
  });
