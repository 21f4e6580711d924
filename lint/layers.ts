/** A folder of `src/` and what it may reach outside itself. Folders end in `/`. */
export interface Layer {
  folder: string;
  mayImport: string[];
  /** With `import type` only: nothing of it is loaded at run time. */
  mayImportTypesOf?: string[];
  /** Which packages (and Node's own modules) may be loaded at run time; all, unless said. */
  packages?: (name: string) => boolean;
  why: string;
}

const noTemporal = (name: string): boolean => !name.startsWith('@temporalio/');
const LOWER = ['git/', 'process/', 'pacing/', 'contracts/'];
const ADAPTERS = ['engines', 'forges', 'trackers', 'workspace', 'ledger', 'checks', 'prompts', 'run-files', 'notifications'];
/** Forge and tracker of one service share its client. */
const SERVICES = ['forges', 'trackers'];
const ADAPTER_RULE = 'adapters know no Temporal and not each other, only git/, process/, pacing/, documents/ and contracts/';

/** Files that workflows bundle: they load nothing, so that nothing is bundled with them. */
export const BUNDLED = [
  'contracts/backoff.ts',
  'contracts/constants.ts',
  'contracts/elapsed.ts',
  'contracts/error-catalogue.ts',
  'contracts/evidence.ts',
  'contracts/repository.ts',
  'contracts/spending.ts',
  'contracts/versions.ts',
  'contracts/without-undefined.ts',
];

/** Who may import whom. Folders that are not here, such as `cli/`, put the parts together and may import all. */
export const LAYERS: Layer[] = [
  { folder: 'contracts', mayImport: [], packages: (name) => name === 'zod', why: 'contracts import nothing but zod' },
  {
    folder: 'workflows',
    mayImport: BUNDLED,
    mayImportTypesOf: ['contracts/', 'activities/'],
    // `common` is what `workflow` itself is made of: search attribute keys are only there.
    packages: (name) => ['@temporalio/workflow', '@temporalio/common'].includes(name),
    why: 'workflows load only @temporalio/workflow (and common), siblings and those contracts that import nothing; the rest by `import type`',
  },
  { folder: 'process', mayImport: ['contracts/'], packages: noTemporal, why: 'process/ is a lower layer' },
  { folder: 'pacing', mayImport: ['contracts/'], packages: noTemporal, why: 'pacing/ is a lower layer' },
  { folder: 'git', mayImport: ['contracts/', 'process/'], packages: noTemporal, why: 'git/ is a lower layer' },
  {
    folder: 'documents',
    mayImport: LOWER,
    packages: noTemporal,
    why: 'documents/ is a lower layer: files with front matter',
  },
  { folder: 'github', mayImport: LOWER, packages: noTemporal, why: "github/ is a lower layer: GitHub's client, for forge and tracker" },
  { folder: 'texts', mayImport: ['contracts/'], packages: noTemporal, why: 'texts/ is a lower layer: texts made of what is passed in' },
  ...ADAPTERS.map((folder) => ({
    folder,
    mayImport: [...LOWER, 'documents/', ...(SERVICES.includes(folder) ? ['github/'] : [])],
    packages: noTemporal,
    why: ADAPTER_RULE,
  })),
  { folder: 'telemetry', mayImport: ['contracts/'], packages: noTemporal, why: 'telemetry/ is a lower layer' },
  {
    folder: 'activities',
    mayImport: [...LOWER, ...ADAPTERS.map((folder) => `${folder}/`), 'texts/', 'telemetry/', 'repository-settings.ts'],
    mayImportTypesOf: ['config.ts', 'temporal/'],
    packages: (name) => noTemporal(name) || ['@temporalio/activity', '@temporalio/common'].includes(name),
    why: 'activities use contracts and adapters, never workflows, intake or the ways in; clients are passed in',
  },
  {
    folder: 'temporal',
    mayImport: ['contracts/', 'process/', 'telemetry/', 'activities/', 'cache-folder.ts', 'package-version.ts'],
    mayImportTypesOf: ['config.ts', 'workflows/'],
    why: 'temporal/ knows the server, the SDK and the activities its workers offer, nothing behind them',
  },
  {
    folder: 'intake',
    mayImport: [
      'contracts/',
      'git/',
      'process/',
      'ledger/',
      'run-files/',
      'trackers/',
      'forges/',
      'temporal/',
      'telemetry/',
      'workflows/messages.ts',
      'repository-settings.ts',
    ],
    mayImportTypesOf: ['config.ts', 'workflows/', 'engines/'],
    why: 'intake turns any trigger into one start; it neither runs work nor knows the ways in',
  },
  {
    folder: 'triggers',
    mayImport: ['contracts/', 'github/', 'intake/', 'orders/', 'texts/'],
    mayImportTypesOf: ['ledger/'],
    packages: (name) => !name.startsWith('@temporalio/') || name === '@temporalio/client',
    why: 'triggers turn what happens elsewhere into orders and starts: clients, ledger and forges are passed in',
  },
  {
    folder: 'orders',
    mayImport: ['contracts/', 'intake/', 'texts/'],
    mayImportTypesOf: ['ledger/'],
    packages: (name) => !name.startsWith('@temporalio/') || name === '@temporalio/client',
    why: 'orders are what people tell runs, by whatever way in: clients and the ledger are passed in',
  },
];

/** Folders of `src/` at the top, which put the parts together. */
export const COMPOSING = ['cli', 'http', 'upkeep'];
