import type { Environment } from './config-variables.ts';

/** How the API is reached, and who gets in. */
export interface ApiConfig {
  host: string;
  /** 0: a free one. */
  port: number;
  /** By which it is called beside `localhost` and addresses. */
  hostnames: string[];
  /** How many proxies of ours are before it. */
  proxies: number;
  callsPerMinute: { token: number; address: number };
  /** Connections that are kept open to follow something. */
  followers: { perToken: number; total: number };
  /** Whose JWTs are taken; unset: nobody's. */
  jwt?: { issuer: string; audience: string; jwksUrl: string };
}

export function apiConfig(values: Environment): ApiConfig {
  const { BELAY_JWT_ISSUER: issuer, BELAY_JWT_AUDIENCE: audience, BELAY_JWT_JWKS_URL: jwksUrl } = values;
  return {
    host: values.BELAY_API_HOST,
    port: values.BELAY_API_PORT,
    hostnames: values.BELAY_API_HOSTNAMES ?? [],
    proxies: values.BELAY_API_PROXIES,
    callsPerMinute: { token: values.BELAY_API_CALLS_PER_MINUTE, address: values.BELAY_API_ADDRESS_CALLS_PER_MINUTE },
    followers: { perToken: values.BELAY_API_FOLLOWERS_PER_TOKEN, total: values.BELAY_API_FOLLOWERS },
    ...(issuer && audience && jwksUrl ? { jwt: { issuer, audience, jwksUrl } } : {}),
  };
}
