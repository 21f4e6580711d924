import { ROLES } from '../contracts/service-records.ts';
import type { Role } from '../contracts/service-records.ts';

/** Who calls the API. */
export interface Caller {
  /** For people and the audit: the token's name, or the subject of a JWT. */
  name: string;
  /** Unique: what calls are counted by. */
  id: string;
  role: Role;
  /** `owner/name` of what it may see; null: all. */
  repositories: readonly string[] | null;
  /** Where the call came from. */
  address: string;
}

/** Each role may do what those before it may. */
export const isAllowed = ({ role }: Pick<Caller, 'role'>, needed: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(needed);

export const maySee = ({ repositories }: Pick<Caller, 'repositories'>, slug: string): boolean =>
  repositories === null || repositories.includes(slug);
