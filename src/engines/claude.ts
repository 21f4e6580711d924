import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { findExecutable } from '../process/executable.ts';
import { INSTALL_HINT, LOGIN_HINT, claudeOutcome } from './claude-outcome.ts';
import { parseClaudeLine } from './claude-output.ts';
import { notInstalled } from './ended.ts';
import type { Engine, EngineHealth, EngineRequest, Permission } from './engine.ts';

export interface ClaudeOptions {
  /** The user's home folder: claude keeps logins and sessions there, unless `configDir` is given. */
  home: string;
  /** Where to look for `claude`, like PATH. */
  searchPath: string;
  /** The program, instead of looking for it. */
  path?: string;
  /** Asked for at each turn. */
  apiKey?: () => string | undefined;
  /** From `claude setup-token`; asked for at each turn. */
  oauthToken?: () => string | undefined;
  baseUrl?: string;
  configDir?: string;
  /** More variables for the CLI alone, such as those of Bedrock or Vertex. */
  env?: Readonly<Record<string, string>>;
}

/** Each retry waits about twice as long as the one before; after these Belay's own, which survive a restart, take over. */
const MAX_RETRIES = 4;
const CHECK_TIMEOUT_MS = 15_000;

const READ_TOOLS = ['Read', 'Grep', 'Glob'];
const EDIT_TOOLS = ['Edit', 'Write', 'NotebookEdit'];
const RUN_TOOLS = ['Bash'];

/**
 * Claude Code. Plain `-p`, never `--bare`: that leaves out the repository's CLAUDE.md and subscription logins, and starts
 * no faster. Only named tools are offered, because the default set includes some that outlive the turn or talk to the
 * user's other agents.
 */
export function createClaude(options: ClaudeOptions): Engine {
  const program = (): string => {
    const found = findClaude(options);
    if (found) return found;
    throw notInstalled('claude', { hint: INSTALL_HINT, ...(options.path && { path: options.path }) });
  };
  return {
    name: 'claude',
    pricing: 'at_end',
    check: () => checkClaude(options),
    command: (request) => ({
      file: program(),
      args: argumentsOf(request, options),
      env: environmentOf(request, options),
      stdin: request.prompt,
    }),
    parse: parseClaudeLine,
    outcome: claudeOutcome,
  };
}

function findClaude({ path, home, searchPath }: ClaudeOptions): string | undefined {
  if (path) return findExecutable(path, { path: searchPath, cwd: home });
  // The second is where claude's own installer puts it, which is not on the PATH of services.
  return findExecutable('claude', { path: searchPath, cwd: home }) ?? findExecutable(join(home, '.local', 'bin', 'claude'), { cwd: home });
}

function argumentsOf(request: EngineRequest, options: ClaudeOptions): string[] {
  const { permissions, model, schema, budgetUsd, sessionId, resume } = request;
  const readOnly = !permissions.includes('edit') && !permissions.includes('run');
  const session = resume ?? sessionId;
  return [
    '-p',
    '--verbose',
    '--output-format=stream-json',
    // A session that was killed before its first message is not there to resume; one that is there cannot be begun anew.
    `--${sessionExists(session, options) ? 'resume' : 'session-id'}=${session}`,
    `--tools=${toolsOf(permissions).join(',')}`,
    `--permission-mode=${permissionMode(permissions)}`,
    '--setting-sources=user,project',
    '--strict-mcp-config',
    // Hooks are commands of the user or the repository, and could write.
    ...(readOnly ? [`--settings=${JSON.stringify({ disableAllHooks: true })}`] : []),
    ...(model ? [`--model=${model}`] : []),
    ...(schema ? [`--json-schema=${JSON.stringify(withoutDialect(schema))}`] : []),
    ...(budgetUsd === undefined ? [] : [`--max-budget-usd=${budgetUsd}`]),
  ];
}

function toolsOf(permissions: readonly Permission[]): string[] {
  return [...READ_TOOLS, ...(permissions.includes('edit') ? EDIT_TOOLS : []), ...(permissions.includes('run') ? RUN_TOOLS : [])];
}

/** Nobody is there to be asked. Whoever may run commands may do anything; edits alone stay inside the workspace. */
function permissionMode(permissions: readonly Permission[]): string {
  if (permissions.includes('run')) return 'bypassPermissions';
  return permissions.includes('edit') ? 'acceptEdits' : 'dontAsk';
}

function withoutDialect({ $schema: _dialect, ...schema }: Record<string, unknown>): Record<string, unknown> {
  return schema;
}

function sessionExists(id: string, { home, configDir = join(home, '.claude') }: ClaudeOptions): boolean {
  const projects = join(configDir, 'projects');
  return existsSync(projects) && readdirSync(projects).some((project) => existsSync(join(projects, project, `${id}.jsonl`)));
}

function environmentOf({ permissions }: Pick<EngineRequest, 'permissions'>, options: ClaudeOptions): Record<string, string> {
  const { home, configDir, baseUrl, env } = options;
  const [apiKey, oauthToken] = [options.apiKey?.(), options.oauthToken?.()];
  return {
    HOME: home,
    ...(configDir && { CLAUDE_CONFIG_DIR: configDir }),
    ...(apiKey && { ANTHROPIC_API_KEY: apiKey }),
    ...(oauthToken && { CLAUDE_CODE_OAUTH_TOKEN: oauthToken }),
    ...(baseUrl && { ANTHROPIC_BASE_URL: baseUrl }),
    CLAUDE_CODE_MAX_RETRIES: String(MAX_RETRIES),
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    // What one run learns must not steer another.
    CLAUDE_CODE_DISABLE_AUTO_MEMORY: '1',
    // Root may not skip permission checks unless it says that it is in a sandbox.
    ...(permissions.includes('run') && process.getuid?.() === 0 && { IS_SANDBOX: '1' }),
    ...env,
  };
}

async function checkClaude(options: ClaudeOptions): Promise<EngineHealth> {
  const path = findClaude(options);
  if (!path) return { engine: 'claude', installed: false, loggedIn: 'unknown', hint: INSTALL_HINT };
  const ask = async (...args: string[]): Promise<string | undefined> => {
    const env = { PATH: options.searchPath, ...environmentOf({ permissions: [] }, options) };
    const answer = await execa(path, args, {
      env,
      extendEnv: false,
      cwd: options.home,
      timeout: CHECK_TIMEOUT_MS,
      reject: false,
      stdin: 'ignore',
    });
    // `auth status` says "no" with exit code 1.
    return answer.stdout === '' ? undefined : answer.stdout;
  };
  const [version, status] = await Promise.all([ask('--version'), ask('auth', 'status')]);
  if (version === undefined) {
    return { engine: 'claude', installed: false, path, loggedIn: 'unknown', hint: `${path} does not run. ${INSTALL_HINT}` };
  }
  const login = loginOf(status, options);
  const health = { engine: 'claude', installed: true, version: version.split(' ', 1)[0] ?? version, path, ...login };
  return login.loggedIn === 'no' ? { ...health, hint: LOGIN_HINT } : health;
}

const LOGINS: Record<string, string> = { api_key: 'API key', oauth_token: 'OAuth token', 'claude.ai': 'subscription' };

/** From `claude auth status`; versions without it leave only what was given to us. */
function loginOf(status: string | undefined, { apiKey, oauthToken }: ClaudeOptions): Pick<EngineHealth, 'loggedIn' | 'login'> {
  try {
    const { loggedIn, authMethod } = JSON.parse(status ?? '') as { loggedIn?: unknown; authMethod?: unknown };
    if (loggedIn === false) return { loggedIn: 'no' };
    if (loggedIn === true) return { loggedIn: 'yes', login: LOGINS[String(authMethod)] ?? String(authMethod) };
  } catch {
    // Not JSON: an older version printed its help.
  }
  if (apiKey?.()) return { loggedIn: 'yes', login: 'API key' };
  return oauthToken?.() ? { loggedIn: 'yes', login: 'OAuth token' } : { loggedIn: 'unknown' };
}
