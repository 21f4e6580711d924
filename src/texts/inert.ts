/** Before the number or address of an issue these words have GitHub close it, in a pull request's text and in a commit's message. */
const CLOSES =
  /\b((?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)[\s:>*_~([<-]{1,12})(?=(?:[\w.-]+\/[\w.-]+)?#\d|GH-\d|https?:\/\/\S+\/(?:issues|pull)\/\d)/gi;
const MARK = /<!--(?=\s*\/?\s*belay\b)/gi;
const MENTION = /(?<!\w)@(?=[a-z\d])/gi;
const ZERO_WIDTH_SPACE = '\u200b';

/** What others wrote, for a text in Belay's name: it closes no issue ("fixes #1" becomes "fixes issue #1") and bears no mark of Belay. */
export const inert = (text: string): string => text.replaceAll(CLOSES, '$1issue ').replaceAll(MARK, '<!- -');

/** Nobody is called by it: Belay's account may call teams that the author of an issue may not. */
export const quiet = (text: string): string => text.replaceAll(MENTION, `@${ZERO_WIDTH_SPACE}`);
