/** Trackers tell whole seconds. */
const SECOND_MS = 1000;

/** Whether somebody who gave an order then cannot have seen what came at this time. Both ISO-8601. */
export const isUnseen = (at: string | undefined, asOf: string): boolean =>
  at !== undefined && Date.parse(at) > Date.parse(asOf) + SECOND_MS;
