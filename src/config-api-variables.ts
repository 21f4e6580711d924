import { httpUrl, integer, namesList, networkName, text } from './config-values.ts';
import { optional, withDefault } from './config-variable.ts';

const PORT = { min: 0, max: 65_535 };

/** What the API is told by the environment. */
export const apiVariables = {
  BELAY_API_HOST: withDefault(networkName, '127.0.0.1', {
    group: 'API',
    description: 'The address that the API listens at. Others than loopback are for a proxy with TLS before it.',
  }),
  BELAY_API_PORT: withDefault(integer(PORT), '7788', { group: 'API', description: 'Its port; 0 takes a free one.' }),
  BELAY_API_HOSTNAMES: optional(namesList, {
    group: 'API',
    description: 'Names by which the API is called, beside `localhost` and addresses: requests for other names are refused.',
    example: 'belay.example.com',
  }),
  BELAY_API_PROXIES: withDefault(integer({ min: 0, max: 10 }), '0', {
    group: 'API',
    description: 'How many proxies of yours are before the API: as many entries of X-Forwarded-For are believed.',
  }),
  BELAY_API_CALLS_PER_MINUTE: withDefault(integer({ min: 1, max: 1_000_000 }), '600', {
    group: 'API',
    description: 'How many calls one token may make in a minute, at each process of the API.',
  }),
  BELAY_API_ADDRESS_CALLS_PER_MINUTE: withDefault(integer({ min: 1, max: 1_000_000 }), '1200', {
    group: 'API',
    description:
      'How many calls one address may make in a minute, with whatever tokens. One that was let in within the last minute has its own limit alone.',
  }),
  BELAY_API_FOLLOWERS: withDefault(integer({ min: 1, max: 100_000 }), '2000', {
    group: 'API',
    description: 'How many connections one process of the API keeps open for who follows events or logs.',
  }),
  BELAY_API_FOLLOWERS_PER_TOKEN: withDefault(integer({ min: 1, max: 100_000 }), '1000', {
    group: 'API',
    description: 'How many of them one token may have.',
  }),
  BELAY_JWT_ISSUER: optional(text, {
    group: 'API',
    description: 'Whose JWTs are taken beside tokens of `belay token`: their `iss`. Needs the audience and the JWKS too.',
    example: 'https://login.example.com/',
  }),
  BELAY_JWT_AUDIENCE: optional(text, { group: 'API', description: 'The `aud` that JWTs for this Belay have.', example: 'belay' }),
  BELAY_JWT_JWKS_URL: optional(httpUrl, {
    group: 'API',
    description: "Where the issuer's public keys are.",
    example: 'https://login.example.com/.well-known/jwks.json',
  }),
};
