import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const root = fileURLToPath(new URL("..", import.meta.url));
const all = globSync("test/**/*.test.ts", { cwd: root });
/** A module that is replaced for one file's tests must not be so for another's. */
const replacesModules = all.filter((file) =>
  readFileSync(`${root}${file}`, "utf8").includes("vi.mock("),
);

/** Folders whose tests start whole runs: the longest files by far, however short their text is. */
const WHOLE_RUNS = /\/test\/(?:e2e|fleet)\//;

/** Long files first, so that at the end no worker is alone with one. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- a sequencer is no array
    const sorted = await super.sort(files);
    const [first, rest] = [true, false].map((whole) =>
      sorted.filter(({ moduleId }) => WHOLE_RUNS.test(moduleId) === whole),
    );
    return [...first!, ...rest!];
  }
}

const common = {
  root,
  testTimeout: 60_000,
  hookTimeout: 60_000,
  setupFiles: ["test/seeded-properties.ts"],
  // A second, the default, is over before a busy machine has looked twice.
  expect: { poll: { timeout: 10_000 } },
};

export default defineConfig({
  test: {
    // Files that start real processes share two cores: with three at a time, services fall behind.
    maxWorkers: 2,
    globalSetup: "test/bundled.mjs",
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        // To load every module anew for each file would take a third of the time.
        test: {
          ...common,
          name: "shared",
          isolate: false,
          include: ["test/**/*.test.ts"],
          exclude: replacesModules,
        },
      },
      { test: { ...common, name: "alone", isolate: true, include: replacesModules } },
    ],
  },
});
