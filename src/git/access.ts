/** A name and password (or token) for git over HTTPS. Never logged, never on a command line, never on disk. */
export interface GitCredentials {
  username: string;
  password: string;
}

/** How git reaches a repository: an address or a path, and what lets it in there. */
export interface GitAccess {
  url: string;
  credentials?: GitCredentials;
}
