import { integer, pem, repositoryList, seconds, text, wordList } from './config-values.ts';
import { optional, withDefault } from './config-variable.ts';

/** What starts runs by itself, and how Belay is known to GitHub as an app. */
export const triggerVariables = {
  GITHUB_APP_ID: optional(integer({ min: 1, max: 999_999_999 }), {
    group: 'GitHub',
    description: 'The id of a GitHub App to work as, instead of with a token. It goes with its private key.',
    example: '123456',
  }),
  GITHUB_APP_PRIVATE_KEY: optional(pem, {
    group: 'GitHub',
    description: 'The private key of that app.',
    secret: true,
  }),

  BELAY_REPOSITORIES: optional(repositoryList, {
    group: 'Triggers',
    description:
      'Where webhooks, comments and polls may start runs. `owner/*` is all of an owner that is no fork, for webhooks only. Unset: nowhere.',
    example: 'acme/shop,acme/site',
  }),
  BELAY_TRIGGER_LABEL: withDefault(text, 'belay', {
    group: 'Triggers',
    description: 'The label by which an issue asks for a run.',
  }),
  BELAY_TRIGGER_BOTS: optional(wordList, {
    group: 'Triggers',
    description: 'Logins of bots whose labels and comments count. Others are refused.',
    example: 'renovate[bot]',
  }),
  BELAY_POLL_SECONDS: withDefault(seconds({ min: 10, max: 86_400 }), '60', {
    group: 'Triggers',
    description: 'How often the repositories of BELAY_REPOSITORIES are looked at for issues with the label that no webhook told of.',
  }),
  GITHUB_WEBHOOK_SECRET: optional(text, {
    group: 'Triggers',
    description: 'What GitHub signs webhooks with. Without it the API takes none.',
    secret: true,
  }),
  GITHUB_WEBHOOK_SECRET_PREVIOUS: optional(text, {
    group: 'Triggers',
    description:
      'The secret before that one, which counts too while it is being changed. Its file may be emptied or taken away when that is over.',
    secret: true,
  }),
};
