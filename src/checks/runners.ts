import type { Runner, RunnerName } from './runner.ts';
import { cargoTest } from './runners/cargo-test.ts';
import { goTest } from './runners/go-test.ts';
import { gradle } from './runners/gradle.ts';
import { jest } from './runners/jest.ts';
import { maven } from './runners/maven.ts';
import { mocha } from './runners/mocha.ts';
import { nodeTest } from './runners/node-test.ts';
import { other } from './runners/other.ts';
import { pytest } from './runners/pytest.ts';
import { rspec } from './runners/rspec.ts';
import { unittest } from './runners/unittest.ts';
import { vitest } from './runners/vitest.ts';

const RUNNERS: readonly Runner[] = [vitest, jest, mocha, nodeTest, pytest, unittest, goTest, cargoTest, maven, gradle, rspec];

/** The runner that a command starts, package scripts already followed. */
export const runnerFor = (line: string): Runner => RUNNERS.find((runner) => runner.isStartedBy(line)) ?? other;

/** As far as the command itself says; what is behind a package script is seen only when it runs. */
export const runnerOf = (command: string): RunnerName => runnerFor(command).name;
