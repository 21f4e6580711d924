import type { ForgeName } from '../contracts/repository.ts';
import type { Forge } from './forge.ts';
import type { LocalForge } from './local.ts';

/** Every forge by its name; the local one can do more. */
export type Forges = Record<ForgeName, Forge> & { local: LocalForge };
