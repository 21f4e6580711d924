/**
 * The catalogue of what can go wrong. No imports here: workflows bundle this file; `docs/errors.md` is made of it.
 *
 * The class says who can help: `retry` (trying again soon), `wait` (a given time), `human` (a person has to do something, then
 * `belay retry`), `fatal` (nobody: this input can never work).
 */
export type ErrorClass = 'retry' | 'wait' | 'human' | 'fatal';

export interface ErrorEntry {
  class: ErrorClass;
  /** What it means, in a sentence. */
  meaning: string;
  /** What a person can do, where the place that throws does not say better. */
  hint: string;
}

type Kind = (meaning: string, hint: string) => ErrorEntry;

const retry: Kind = (meaning, hint) => ({ class: 'retry', meaning, hint });
const wait: Kind = (meaning, hint) => ({ class: 'wait', meaning, hint });
const human: Kind = (meaning, hint) => ({ class: 'human', meaning, hint });
const fatal: Kind = (meaning, hint) => ({ class: 'fatal', meaning, hint });

const AGAIN = 'It is tried again by itself; when that does not help, `belay retry` goes on later.';

export const ERRORS = {
  // input and repository
  invalid_input: fatal('What was asked for does not make sense as it was given.', 'Correct what the message names, and ask again.'),
  not_a_repository: fatal('The folder is no git repository.', 'Name a repository with `--repo`, or run `git init` and commit first.'),
  empty_repository: fatal('Nothing has been committed in the repository yet.', 'Commit (and push) something first.'),
  repository_not_found: fatal(
    'There is no such repository, or the login cannot see it.',
    'Check the path or the address, and what the token may see.',
  ),
  base_not_found: fatal('The branch or commit that the work is to be based on is not there.', 'Name one that is there with `--base`.'),
  issue_not_found: fatal('There is no such issue or file.', 'Check its number, address or path.'),
  issue_empty: fatal('The issue says nothing.', 'Say in it what is wanted.'),
  issue_too_large: fatal(
    'The text is longer than a request or an issue may be.',
    'Shorten it, or put the details into files of the repository.',
  ),
  settings_invalid: human(
    '`.belay.yml` of the base branch has a problem.',
    'Mend it on the base branch, then `belay retry`; docs/settings.md explains every entry.',
  ),
  forge_file_invalid: human(
    'A file of the local forge is not as Belay writes it.',
    'Mend the file that the message names, or take it from a backup, then `belay retry`.',
  ),
  intake_paused: retry('New runs are held back on this installation.', '`belay intake resume` lets them begin again.'),
  issue_closed: fatal('The issue is closed.', 'Reopen it, then run it again.'),
  wrong_state: fatal('The run is not in a state in which this can be done.', '`belay show` says how it stands.'),
  // forges and trackers
  forge_not_logged_in: human(
    'The forge wants a login, or does not know this one.',
    'Set the token anew or load the SSH key; `belay doctor` checks it.',
  ),
  forge_forbidden: human('The login is known, and may not do this.', 'Give it the rights that docs/github.md lists, then `belay retry`.'),
  forge_refused: human('The forge did not accept what it was sent.', 'Mend what its words name, then `belay retry`.'),
  forge_rate_limited: wait('The forge wants fewer calls.', 'The run goes on when the limit is over.'),
  forge_unreachable: retry('The forge does not answer, answers badly, or is not trusted.', `Check the network and the proxy. ${AGAIN}`),
  earlier_work_missing: fatal('The work to go on from is not there.', 'Start the issue anew with `belay run`.'),
  notification_failed: retry(
    'The address that is told what becomes of runs did not accept the message.',
    `Check \`BELAY_NOTIFY_URL\`. ${AGAIN}`,
  ),
  // engines
  engine_not_installed: human(
    "The agent's program is not on this machine.",
    'Install it, then `belay retry`; `belay doctor` looks for it.',
  ),
  engine_not_logged_in: human(
    'The agent has no login, or it has expired.',
    "Log in with the agent's own program, or set its key, then `belay retry`.",
  ),
  engine_refused: human(
    "The model's service does not accept the request.",
    'The message has its words: change the model or the account, then `belay retry`.',
  ),
  engine_overloaded: retry("The model's service is overloaded or fails for the moment.", AGAIN),
  engine_limit_reached: wait('The limit of the account is used up.', 'The run goes on when the limit is over.'),
  engine_rate_limited: wait('The account made too many calls in a minute.', 'The run goes on when the limit is over.'),
  engine_crashed: retry("The agent's program ended in the middle of its turn.", `\`belay logs\` shows what it said last. ${AGAIN}`),
  engine_stalled: retry('The agent said nothing for longer than it may.', `\`BELAY_AGENT_IDLE_MINUTES\` is the limit. ${AGAIN}`),
  engine_timed_out: retry("The agent's turn took longer than it may.", `\`BELAY_AGENT_TOTAL_MINUTES\` is the limit. ${AGAIN}`),
  engine_budget_exhausted: human('The run has spent what it may.', '`belay retry --budget` with a higher amount goes on.'),
  engine_invalid_output: human(
    'The agent did not answer in the form that it was asked for, twice.',
    '`belay retry` asks again; another model may do better.',
  ),
  script_invalid: human('The script of the scripted engine has a problem.', 'Mend the file in `BELAY_SCRIPT`, then `belay retry`.'),
  breaker_open: wait(
    'An engine or a forge failed again and again, and is left alone for a while.',
    'The run goes on by itself; `belay retry` tries at once.',
  ),
  // work
  setup_failed: human(
    'A command that sets the workspace up failed.',
    'Mend `setup` in `.belay.yml` on the base branch, then `belay retry`.',
  ),
  tests_failing: human('Tests still fail after all attempts.', 'Look at the work with `belay open`, then `belay retry`.'),
  tests_weakened: human('The fixes had the tests find less, and were undone.', 'Look at the work with `belay open`, then `belay retry`.'),
  protected_paths_changed: human(
    'The agent changed nothing but protected paths, which was put back.',
    'If the issue needs them, change `protected` in `.belay.yml` on the base branch, then `belay retry --phase implement`.',
  ),
  secret_in_changes: human(
    'The agent changed nothing but files with what looks like secrets, which were put back.',
    'If they are none, name their paths under `secrets.allow` in `.belay.yml` on the base branch, then `belay retry --phase implement`.',
  ),
  merge_conflict: human(
    'The work conflicts with what others have committed.',
    '`belay retry` tries again; `belay retry --phase implement` starts the change over.',
  ),
  review_blockers: human('The review still finds blockers after all attempts.', 'Look at the work with `belay open`, then `belay retry`.'),
  plan_rejected: human(
    'A person did not approve the plan, or the work.',
    'Say in the issue what is wanted, then `belay retry --phase plan`, or `--phase implement` for the work.',
  ),
  approval_expired: human('Nobody approved in time.', '`belay retry` asks again.'),
  branch_checked_out: human('The branch to push to is checked out in that repository.', 'Check out another one there, then `belay retry`.'),
  branch_moved: human(
    'Somebody else has moved the branch.',
    'Look at what is there, then `belay retry`; `belay run --fresh` takes a branch of its own.',
  ),
  push_rejected: human('The repository did not accept the push.', 'The message has its words: mend what they name, then `belay retry`.'),
  helper_lost: retry(
    'The small process that starts git, agents and tests for the worker has gone.',
    'The step is tried again, without it. If this repeats, see whether the machine runs out of memory.',
  ),
  git_failed: retry('Git failed in a way that Belay does not know.', `The message has its words. ${AGAIN}`),
  run_timed_out: human(
    'The run worked longer than it may; waits were not counted.',
    '`belay retry` begins a new run that goes on from this one.',
  ),
  run_terminated: human(
    'The run was ended from outside, without its own doing.',
    '`belay retry` begins a new run that goes on from this one.',
  ),
  step_timed_out: human('A step did not end in time.', 'The log of the run and of the worker say more; `belay retry` tries again.'),
  // hosts
  lease_lost: retry(
    'The workspace has passed to another host or worker.',
    'Nothing is to be done: the run goes on with its new workspace.',
  ),
  work_elsewhere: human(
    'What the run has done so far is on another host.',
    'Start the worker of that host, then `belay retry`; or `belay retry --phase` with the first phase does the work anew.',
  ),
  ports_exhausted: retry('All ports for workspaces are taken.', `Widen \`BELAY_PORTS_BACKEND\` and \`BELAY_PORTS_FRONTEND\`. ${AGAIN}`),
  workspace_memory_exceeded: human(
    'The processes of a workspace had more memory together than they may.',
    'Have the tests use less at once, or raise `BELAY_WORKSPACE_MEMORY_MB` (and restart the worker), then `belay retry`.',
  ),
  host_memory_short: wait(
    'The memory of a host ran short, and its newest work gave way.',
    'The run goes on by itself when there is room; fewer workspaces at once (`BELAY_MAX_WORKSPACES`) prevent it.',
  ),
  disk_full: human('The disk is full.', 'Free some space (`belay clean` removes what old runs left), then `belay retry`.'),
  home_locked: human('Another worker uses this home.', 'Use the running one, or another `BELAY_HOME`.'),
  temporal_unreachable: retry(
    'Temporal, or a worker, does not answer.',
    'Runs are kept and go on when it is back; `belay doctor` checks it.',
  ),
  temporal_not_installed: human(
    "Temporal's command line is not here and could not be fetched.",
    'Install it, or name it in `BELAY_TEMPORAL_CLI`.',
  ),
  ledger_busy: retry('The ledger is kept busy by another process.', 'It is tried again. If this stays, look for a stopped belay process.'),
  ledger_unreachable: retry(
    'The database of the ledger does not answer.',
    'Check that it runs, and `BELAY_DATABASE_URL`. Runs go on meanwhile, and what is to be recorded of them is kept until it is back.',
  ),
  ledger_behind: retry(
    'The database of the ledger is not ready for this version of Belay: tables are missing, or are not to be used by this user.',
    'Run `belay ledger migrate`, and for a new user `belay ledger grant`, as the owner of the tables. Processes that wait go on by themselves.',
  ),
  ledger_unusable: human(
    'The ledger cannot be opened, or is damaged.',
    'Check the file and its folder, or move the file away: Belay begins a new one.',
  ),
  artifact_store_unusable: retry(
    'The store that hosts have artifacts in common in does not answer, or refuses.',
    'Check `BELAY_ARTIFACTS_URL` and who may write there; `belay doctor` tries it. Runs go on meanwhile, and their files are sent later.',
  ),
  configuration_invalid: fatal(
    'The settings of this installation have a problem.',
    'Correct them; docs/settings.md explains every variable.',
  ),
  // the API
  token_invalid: fatal('The request has no token, or none that is known and still valid.', '`belay token create` makes one.'),
  not_allowed: fatal('The token is known, and may not do this.', 'Use one with a higher role, or one that is for all repositories.'),
  not_found: fatal('There is nothing at this address, or nothing that the token may see.', 'Check the address and the id.'),
  method_not_allowed: fatal('The address is there, and takes other methods.', 'The header `Allow` names them.'),
  run_open: fatal('A run of the same issue is open.', 'Follow that one, or cancel it first.'),
  key_in_use: fatal('A request with the same Idempotency-Key is being answered.', 'Ask again in a moment.'),
  key_reused: fatal('The Idempotency-Key belongs to another request.', 'Use a new key for every new request.'),
  body_too_large: fatal('The body of the request is larger than it may be.', 'Put long texts into an issue, and name that.'),
  media_type_unsupported: fatal('The body is of a kind that is not read here.', 'Send JSON, as `application/json` in UTF-8.'),
  range_not_satisfiable: fatal('The file is shorter than the part of it that was asked for.', 'Ask for less, or for all of it.'),
  too_many_calls: retry('There were too many calls in a minute.', 'Ask again when the header `Retry-After` says.'),
  address_unusable: fatal('The address that the API is to listen at is taken, or is not of this machine.', 'Name another one.'),
  identity_unreachable: retry(
    'The keys by which JWTs are checked cannot be had.',
    'Check `BELAY_JWT_JWKS_URL`; tokens of `belay token create` work meanwhile.',
  ),
  internal: human(
    'Something failed that Belay did not expect.',
    'The log of the run and of the worker say more; `belay retry` tries again.',
  ),
} satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** What is known of an error by its code. */
export const entryOf = (code: ErrorCode): ErrorEntry => ERRORS[code];
