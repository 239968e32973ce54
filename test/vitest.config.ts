import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL("..", import.meta.url));
const all = globSync("test/**/*.test.ts", { cwd: root });
/** A module that is replaced for one file's tests must not be so for another's. */
const replacesModules = all.filter((file) =>
  readFileSync(`${root}${file}`, "utf8").includes("vi.mock("),
);

/** Folders whose tests start whole runs, and wait for most of their time. */
const WHOLE_RUNS = ["test/e2e/**/*.test.ts", "test/fleet/**/*.test.ts"];

const common = {
  root,
  testTimeout: 60_000,
  hookTimeout: 60_000,
  setupFiles: ["test/seeded-properties.ts"],
  // A second, the default, is over before a busy machine has looked twice.
  expect: { poll: { timeout: 10_000 } },
};

/** What computes: as many files at a time as CI has cores, and no worker is alone with a whole run at the end. */
const BUSY = { maxWorkers: 2, sequence: { groupOrder: 1 } };

export default defineConfig({
  test: {
    globalSetup: "test/bundled.mjs",
    projects: [
      {
        test: {
          ...common,
          name: "whole runs",
          isolate: false,
          // One more than CI has cores: there is always one that waits.
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
          include: WHOLE_RUNS,
        },
      },
      {
        // To load every module anew for each file would take a third of the time.
        test: {
          ...common,
          ...BUSY,
          name: "shared",
          isolate: false,
          include: ["test/**/*.test.ts"],
          exclude: [...WHOLE_RUNS, ...replacesModules],
        },
      },
      { test: { ...common, ...BUSY, name: "alone", isolate: true, include: replacesModules } },
    ],
  },
});
