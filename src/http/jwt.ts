import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import type { JWTPayload } from 'jose';
import { z } from 'zod';
import { BelayError } from '../contracts/errors.ts';
import { ROLES } from '../contracts/service-records.ts';
import type { Caller } from './caller.ts';

export interface JwtSettings {
  issuer: string;
  audience: string;
  jwksUrl: string;
}

/** Who a JWT is for. Throws token_invalid, not_allowed, identity_unreachable. */
export type VerifyJwt = (token: string) => Promise<Omit<Caller, 'address'>>;

/** Signatures by a private key alone: with a shared secret, whoever can check could also sign. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
const JWKS_MS = 3000;
/** Clocks of two machines are never the same. */
const CLOCK_TOLERANCE_S = 30;

/** `*` is for all repositories; without the claim a token is for none. */
const claims = z.object({
  // It stands in the audit and in texts for people.
  sub: z.string().regex(/^[^\p{C}\p{Z}][^\p{C}]{0,254}$/u),
  belay_role: z.enum(ROLES),
  belay_repositories: z.union([z.literal('*'), z.array(z.string().max(255)).max(1000)]).optional(),
});

export function createJwtVerifier({ issuer, audience, jwksUrl }: JwtSettings): VerifyJwt {
  const keys = createRemoteJWKSet(new URL(jwksUrl), { timeoutDuration: JWKS_MS });
  return async (token) => {
    const payload = await jwtVerify(token, keys, {
      issuer,
      audience,
      algorithms: ALGORITHMS,
      clockTolerance: CLOCK_TOLERANCE_S,
      requiredClaims: ['exp', 'sub'],
    }).then(
      (verified) => verified.payload,
      (error: unknown) => {
        throw translated(error);
      },
    );
    return callerOf(payload, issuer);
  };
}

function callerOf(payload: JWTPayload, issuer: string): Omit<Caller, 'address'> {
  const parsed = claims.safeParse(payload);
  if (!parsed.success)
    throw new BelayError({
      code: 'not_allowed',
      message: 'The JWT does not say what it is for.',
      hint: `Belay reads the claims \`belay_role\` (${ROLES.join(', ')}) and \`belay_repositories\` (a list of owner/name, or "*").`,
    });
  const { sub, belay_role: role, belay_repositories: repositories = [] } = parsed.data;
  return {
    name: sub,
    id: `jwt:${issuer}:${sub}`,
    role,
    repositories: repositories === '*' ? null : repositories.map((slug) => slug.toLowerCase()),
  };
}

/** What is wrong with a token is said by jose's own errors; all others are about getting the keys. */
function translated(error: unknown): unknown {
  if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError) || error.constructor === errors.JOSEError)
    return new BelayError({ code: 'identity_unreachable', message: 'The keys of the issuer of JWTs cannot be had.', cause: error });
  return new BelayError({ code: 'token_invalid', message: `The JWT is not valid: ${error.code}.`, cause: error });
}
