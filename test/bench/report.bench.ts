/**
 * How long a large run takes to report, in how much memory: run directories are made of whole cloth
 * (`large-run.ts`), then `shakedown report` is timed on each. Bar: 10 million requests in 10 s and
 * 500 MB. `node test/bench/report.bench.ts [requests…]`: 100,000, 1 and 10 million unless given.
 * `--keep FOLDER` keeps the directories there, and takes those that are there already.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "../e2e/cli.ts";
import { writeLargeRun } from "./large-run.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { keep: { type: "string" } },
});
const sizes = positionals.length > 0 ? positionals.map(Number) : [100_000, 1_000_000, 10_000_000];
const folder = values.keep ?? mkdtempSync(join(tmpdir(), "shakedown-report-bench-"));

function report(path: string): string {
  const args = ["-v", process.execPath, join(ROOT, "src/cli/main.ts"), "report", path];
  const { status, stderr } = spawnSync("/usr/bin/time", [...args, "--exit-zero"], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  const figure = (name: string): string =>
    stderr
      .split("\n")
      .find((line) => line.includes(name))
      ?.split(": ")
      .at(-1) ?? "?";
  const [user, system] = [figure("User time"), figure("System time")].map(Number);
  return (
    `${figure("Elapsed")} wall, ${(user! + system!).toFixed(1)} s of CPU, ` +
    `${Math.round(Number(figure("Maximum resident")) / 1_024)} MB, exit ${status}`
  );
}

for (const requests of sizes) {
  const path = join(folder, String(requests));
  if (!existsSync(path)) {
    mkdirSync(path, { recursive: true });
    // oxlint-disable-next-line no-await-in-loop -- one after the other: they are large
    await writeLargeRun(path, requests);
  }
  console.log(`${requests.toLocaleString("en-US")} requests: ${report(path)}`);
  if (values.keep === undefined) rmSync(path, { recursive: true });
}
if (values.keep === undefined) rmSync(folder, { recursive: true });
