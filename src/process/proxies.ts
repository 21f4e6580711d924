/** HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in both cases. Empty where there is none: undefined would have the agent look at this process's own environment. */
export function proxies(env: NodeJS.ProcessEnv): { httpProxy: string; httpsProxy: string; noProxy: string } {
  const either = (name: string): string => env[name.toLowerCase()] ?? env[name] ?? '';
  const httpProxy = either('HTTP_PROXY');
  return { httpProxy, httpsProxy: either('HTTPS_PROXY') || httpProxy, noProxy: either('NO_PROXY') };
}
