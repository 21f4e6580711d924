import { homedir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';
import type { Config } from './config.ts';
import type { EngineName } from './contracts/constants.ts';
import type { Engine } from './engines/engine.ts';
import { createEngines } from './engines/engines.ts';

/** The engines as this installation has them set up. */
export function composeEngines({ engine, secrets }: Config, env: NodeJS.ProcessEnv): Record<EngineName, Engine> {
  const { claudePath: path, anthropicBaseUrl: baseUrl, script } = engine;
  const { ANTHROPIC_API_KEY: apiKey, CLAUDE_CODE_OAUTH_TOKEN: oauthToken } = secrets;
  const configDir = env['CLAUDE_CONFIG_DIR'];
  return createEngines({
    claude: {
      home: env['HOME'] ?? homedir(),
      searchPath: env['PATH'] ?? '',
      ...(path ? { path } : {}),
      ...(apiKey ? { apiKey: () => apiKey.current() } : {}),
      ...(oauthToken ? { oauthToken: () => oauthToken.current() } : {}),
      ...(baseUrl ? { baseUrl } : {}),
      ...(configDir ? { configDir } : {}),
    },
    scripted: { ...(script ? { script } : {}), compiled: join(cacheFolder(env), 'compiled') },
  });
}
