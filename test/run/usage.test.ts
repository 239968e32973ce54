import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { monotonicClock } from "../../src/core/index.ts";
import { readUsage } from "../../src/measure/index.ts";
import type { Target } from "../../src/run/target.ts";
import { tellsUsage, UsageLog } from "../../src/run/usage.ts";

const folder = mkdtempSync(join(tmpdir(), "shakedown-usage-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const target = (arm: string, pid: number | null): Target => ({ arm, pid }) as Target;
const logTo = (path: string, targets: readonly Target[]): UsageLog =>
  new UsageLog(targets, path, monotonicClock(process.hrtime.bigint()));

describe.skipIf(!tellsUsage())("the usage log of a run", () => {
  it("has the arms that were started, and marks the sample that ends it, and no other", () => {
    const path = join(folder, "usage.ndjson");
    const log = logTo(path, [target("control", process.pid), target("variant", null)]);
    log.begin();
    expect(readUsage(path)).toEqual([{ atNs: expect.any(Number), cpuS: { control: 0 } }]);
    log.end();
    log.end();
    const [, last, ...more] = readUsage(path);
    expect(last).toMatchObject({ cpuS: { control: expect.any(Number) }, last: true });
    expect(more).toEqual([]);
  });

  it("ends without a word where it cannot be written, and is not there where nobody was started", () => {
    for (const [path, targets] of [
      [join(folder, "no", "such.ndjson"), [target("control", process.pid)]],
      [join(folder, "none.ndjson"), [target("control", null)]],
    ] as const) {
      const log = logTo(path, targets);
      log.begin();
      log.end();
      expect(existsSync(path)).toBe(false);
    }
  });
});
