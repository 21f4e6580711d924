import type { EngineName } from '../contracts/constants.ts';
import { createClaude } from './claude.ts';
import type { ClaudeOptions } from './claude.ts';
import type { Engine } from './engine.ts';
import { createScripted } from './scripted.ts';
import type { ScriptedOptions } from './scripted.ts';

export interface EnginesOptions {
  claude: ClaudeOptions;
  scripted: ScriptedOptions;
}

/** Every engine by name. A new one is a file beside this and a line here. */
export function createEngines(options: EnginesOptions): Record<EngineName, Engine> {
  return {
    claude: createClaude(options.claude),
    scripted: createScripted(options.scripted),
  };
}
