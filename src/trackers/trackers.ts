import type { TrackerName } from '../contracts/repository.ts';
import type { LocalTracker } from './local.ts';
import type { Tracker } from './tracker.ts';

/** Every tracker by its name; the local one can do more. */
export type Trackers = Record<TrackerName, Tracker> & { local: LocalTracker };
