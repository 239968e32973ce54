import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL("..", import.meta.url));
const all = globSync("test/**/*.test.ts", { cwd: root });
/** A module that is replaced for one file's tests must not be so for another's. */
const replacesModules = all.filter((file) =>
  readFileSync(`${root}${file}`, "utf8").includes("vi.mock("),
);

const common = {
  root,
  testTimeout: 60_000,
  hookTimeout: 30_000,
  // A second, the default, is over before a busy machine has looked twice.
  expect: { poll: { timeout: 10_000 } },
};

export default defineConfig({
  test: {
    // Files that start real processes share two cores: run one file after another there.
    maxWorkers: 2,
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
