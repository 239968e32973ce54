import { appendFileSync, cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AuditLog, readAuditFile } from "../../src/experiment/index.ts";
import {
  judgeAndReport,
  overrideRun,
  overridesOf,
  RunDirectory,
  verifyRun,
} from "../../src/run/index.ts";
import { closeRun } from "../../src/run/close-run.ts";
import { listRunFiles } from "../../src/run/run-files.ts";
import { closedRun, NOW } from "./closed-run.ts";
import { MANIFEST, scratch, traffic, writeRun } from "./run-fixture.ts";

const { version } = MANIFEST.tool;
const folder = scratch();
afterAll(() => folder.remove());

let whole: RunDirectory;
beforeAll(async () => {
  whole = await closedRun(join(folder.path, "whole"), traffic({ perSec: 20 }));
});

let copies = 0;
/** Another run of the same bytes, to be damaged. */
function copy(): RunDirectory {
  const path = join(folder.path, `copy-${copies++}`);
  cpSync(whole.path, path, { recursive: true });
  return new RunDirectory(path);
}

const brokenOf = async (directory: RunDirectory) => (await verifyRun(directory, version)).broken;
const linesOf = (directory: RunDirectory): string[] =>
  readFileSync(directory.file("audit.ndjson"), "utf8").trimEnd().split("\n");

describe("verifying a run", () => {
  it("a run as it was left holds, overrides and files beside it or not, and looking changes nothing", async () => {
    const directory = copy();
    const result = readFileSync(directory.file("result.json"), "utf8");
    writeFileSync(directory.file("notes.txt"), "looked at on Friday");
    overrideRun(directory, { decision: "ship", reason: " the rate never occurs ", by: "ada" });
    overrideRun(directory, { decision: "roll-back", reason: "it did" });
    const files = ["audit.ndjson", ...listRunFiles(directory.path)];
    const bytes = (): string[] => files.map((file) => readFileSync(directory.file(file), "base64"));
    const before = bytes();
    const { broken, checks, decision, overrides } = await verifyRun(directory, version);
    expect(broken).toBeNull();
    expect(checks.map(({ status }) => status)).toEqual(["holds", "holds", "holds", "holds"]);
    expect(bytes()).toEqual(before);
    expect(overrides).toEqual(overridesOf(directory));
    expect(overrides).toMatchObject([
      { decision: "ship", reason: "the rate never occurs", by: "ada" },
      { decision: "roll-back", reason: "it did" },
    ]);
    // What people decide leaves the verdict as it is.
    expect(readFileSync(directory.file("result.json"), "utf8")).toBe(result);
    expect(decision).toBe((JSON.parse(result) as { decision: string }).decision);
  });

  it("any one byte that is changed, in any file, is named: the file, and of the trail the line", async () => {
    const directory = copy();
    const files = ["audit.ndjson", ...listRunFiles(directory.path)];
    expect(files.length).toBeGreaterThan(7);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.nat({ max: 2 ** 31 - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (file, seed, change) => {
          const path = directory.file(file);
          const bytes = readFileSync(path);
          const place = seed % bytes.length;
          const changed = Buffer.from(bytes);
          changed[place]! ^= change;
          writeFileSync(path, changed);
          const broken = await brokenOf(directory);
          writeFileSync(path, bytes);
          expect(broken?.file).toBe(file);
          if (file !== "audit.ndjson") return;
          const line = bytes.subarray(0, place).filter((byte) => byte === 10).length + 1;
          expect(broken?.line).toBe(line);
        },
      ),
      { numRuns: 40 },
    );
  });

  it.each([
    ["a file that is gone", (run: RunDirectory) => rmSync(run.calls), /calls\.spool$/, /missing/],
    [
      "a file put beside those that are read",
      (run: RunDirectory) => cpSync(run.observations(0), run.observations(1)),
      /worker-1\.spool$/,
      /put there after/,
    ],
    [
      "a file that is shorter",
      (run: RunDirectory) => truncateSync(run.observations(0), 100),
      /worker-0\.spool$/,
      /changed after/,
    ],
    [
      "a trail without its last lines",
      (run: RunDirectory) => {
        overrideRun(run, { decision: "ship", reason: "known better" });
        const lines = linesOf(run);
        writeFileSync(run.file("audit.ndjson"), `${lines.slice(0, -2).join("\n")}\n`);
      },
      /^audit\.ndjson$/,
      /no closing entry/,
    ],
    [
      "a trail that something else was added to",
      (run: RunDirectory) =>
        void AuditLog.resume(run.file("audit.ndjson"), NOW).append("look", { sees: 1 }),
      /^audit\.ndjson$/,
      /“look” cannot be the last/,
    ],
  ])("finds %s", async (_, damage, file, summary) => {
    const directory = copy();
    damage(directory);
    const broken = await brokenOf(directory);
    expect(broken?.file).toMatch(file);
    expect(broken?.summary).toMatch(summary);
  });

  it("names the first field of a result that the files do not give, though the trail fits", async () => {
    const directory = copy();
    const path = directory.file("result.json");
    const result = JSON.parse(readFileSync(path, "utf8")) as {
      arms: { variant: { responseTimeUs: { p99: number } } };
    };
    result.arms.variant.responseTimeUs.p99 += 1e-9;
    writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
    await closeRun(directory, AuditLog.resume(directory.file("audit.ndjson"), NOW));
    expect(await brokenOf(directory)).toMatchObject({
      file: "result.json",
      field: "arms.variant.responseTimeUs.p99",
      summary: expect.stringMatching(/^it says .*, the files give /) as string,
    });
  });

  it("a verdict that was only told is not believed", async () => {
    const directory = copy();
    const [registered] = readAuditFile(directory.file("audit.ndjson")).entries;
    rmSync(directory.file("audit.ndjson"));
    const forged = new AuditLog(directory.file("audit.ndjson"), NOW);
    forged.append(registered!.event, registered!.detail);
    forged.append("verdict", { decision: "ship", reason: "it looked well" });
    await closeRun(directory, forged);
    expect(await brokenOf(directory)).toMatchObject({ file: "audit.ndjson", line: 2 });
  });

  it("reports that are made anew are registered anew, and what was measured never is", async () => {
    const directory = copy();
    appendFileSync(directory.file("report.md"), "and more");
    expect((await brokenOf(directory))?.file).toBe("report.md");
    await judgeAndReport(directory);
    expect(linesOf(directory)).toEqual(linesOf(whole));
    truncateSync(directory.observations(0), 20_000);
    await judgeAndReport(directory);
    expect(linesOf(directory).length).toBe(linesOf(whole).length + 1);
    expect((await brokenOf(directory))?.file).toBe("observations/worker-0.spool");
  });
});

describe("runs that cannot be verified", () => {
  it("one that was never closed says so", async () => {
    const open = await writeRun(join(folder.path, "open"), traffic({ perSec: 5 }));
    expect(await brokenOf(open)).toMatchObject({
      file: "audit.ndjson",
      summary: expect.stringContaining("no closing entry") as string,
    });
  });

  it("one that an older version made says which", async () => {
    const old = await writeRun(join(folder.path, "old"), {
      ...traffic({ perSec: 5 }),
      manifest: { manifestVersion: 1, tool: { name: "shakedown", version: "0.0.9" } },
    });
    expect((await brokenOf(old))?.summary).toMatch(/^shakedown 0\.0\.9 made this run/);
  });

  it.each(["nowhere", "."])("a folder that is no run is refused: %s", async (name) => {
    const nowhere = new RunDirectory(join(folder.path, name));
    await expect(verifyRun(nowhere, version)).rejects.toMatchObject({ code: "RUN_INVALID" });
  });
});

describe("an override", () => {
  it("is refused without a reason, on a broken trail, and on a run that is not over", async () => {
    const given = { decision: "ship", reason: "so" } as const;
    const broken = copy();
    appendFileSync(broken.file("audit.ndjson"), "{}\n");
    const open = await writeRun(join(folder.path, "not-over"), traffic({ perSec: 5 }));
    for (const directory of [broken, open]) {
      expect(() => overrideRun(directory, given)).toThrow(/broken at line|not over/);
    }
    expect(() => overrideRun(copy(), { ...given, reason: " " })).toThrow(/needs a reason/);
  });
});
