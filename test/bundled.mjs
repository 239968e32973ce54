// Tests that start the command start it as it is installed: as a bundle, made anew for each run of the
// tests. Each has a folder of its own in the clone, where packages are found; it goes when they end.
import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { bundle } from "../.ci/bundle.mjs";

/** From the package's root, as what is bundled. */
const FOLDERS = ".vitest/command-";

/** @param {import("vitest/node").TestProject} project */
export default async function setup(project) {
  process.chdir(project.config.root);
  for (const left of globSync(`${FOLDERS}*`)) {
    if (!isRunning(Number(left.split("-").at(-1)))) remove(left);
  }
  const folder = `${FOLDERS}${process.pid}`;
  await bundle(folder);
  project.onTestsRerun(() => bundle(folder));
  process.env["SHAKEDOWN_MAIN"] = resolve(folder, "main.js");
  // Commands, targets and threads that tests start find there what the ones before them compiled; some
  // may write there still when the tests have ended.
  const compiled = mkdtempSync(join(tmpdir(), "shakedown-compiled-"));
  process.env["NODE_COMPILE_CACHE"] = compiled;
  return () => [folder, compiled].forEach(remove);
}

const remove = (folder) => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return thrown.code === "EPERM";
  }
}
