const MARKER = /^(?:<{7}|>{7}|\|{7})(?: .*)?$/;

/** Lines that begin or end a conflict. The line between the sides is left aside: it underlines headings too. */
export const markersIn = (text: string): string[] => text.split(/\r?\n/).filter((line) => MARKER.test(line));
