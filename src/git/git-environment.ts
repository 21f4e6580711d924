/** An ambient environment, as a process has it. */
export type GitEnvironment = Readonly<Record<string, string | undefined>>;

/** What git, ssh and proxies need from the environment; everything else stays out, all `GIT_*` above all. */
const AMBIENT = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'TMPDIR',
  'SYSTEMROOT',
  'SSH_AUTH_SOCK',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'CURL_CA_BUNDLE',
  'ALL_PROXY',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'all_proxy',
  'http_proxy',
  'https_proxy',
  'no_proxy',
] as const;

const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin';

const PINNED: Record<string, string> = {
  // Messages are read by programs.
  LC_ALL: 'C',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  // A server that does not answer, or stops answering, ends the call within two minutes.
  GIT_SSH_COMMAND: 'ssh -oBatchMode=yes -oConnectTimeout=30 -oServerAliveInterval=30 -oServerAliveCountMax=4',
  GIT_ALLOW_PROTOCOL: 'file:https:ssh',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_NO_LAZY_FETCH: '1',
  // Replacement refs planted by an agent would show other content than what is committed.
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_AUTHOR_NAME: 'Belay',
  GIT_AUTHOR_EMAIL: 'belay@users.noreply.localhost',
  GIT_COMMITTER_NAME: 'Belay',
  GIT_COMMITTER_EMAIL: 'belay@users.noreply.localhost',
};

/** Given on every command line, so that they win over whatever a repository's own configuration says. */
export const HARDENING: readonly string[] = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.askPass=',
  'core.attributesFile=/dev/null',
  'core.excludesFile=/dev/null',
  'core.quotePath=false',
  'core.autocrlf=false',
  'core.sparseCheckout=false',
  'core.splitIndex=false',
  'credential.helper=',
  'protocol.ext.allow=never',
  'submodule.recurse=false',
  'fetch.recurseSubmodules=false',
  'push.recurseSubmodules=no',
  'push.gpgSign=false',
  'commit.gpgSign=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'advice.addEmbeddedRepo=false',
];

/** The complete environment of a git process. */
export function gitEnvironment(ambient: GitEnvironment, extra: Record<string, string | undefined>): Record<string, string> {
  const taken = AMBIENT.map((name) => [name, ambient[name]] as const);
  const entries = [['PATH', SYSTEM_PATH] as const, ...taken, ...Object.entries(PINNED), ...Object.entries(extra)];
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}
