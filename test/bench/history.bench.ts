/**
 * How long a history takes to read and to make, and how much memory: node test/bench/history.bench.ts
 * [runs]. Runs are synthetic: the result of a report's fixture with other figures, in six times as many
 * stages and with 200 parts of the traffic, of a revision each, 5 % slower from three quarters on.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AuditLog } from "../../src/experiment/index.ts";
import { seededPrng } from "../../src/core/index.ts";
import { HISTORY_FORMATS, type Result } from "../../src/report/index.ts";
import { readHistory } from "../../src/run/read-history.ts";
import { FIXTURES } from "../report/fixtures.ts";

const runs = Number(process.argv[2] ?? 1_000);
const START_MS = Date.parse("2026-01-01T00:00:00.000Z");
const HOUR_MS = 3_600_000;
const SD = 0.02;
const STAGES = 6;
const PARTS = 200;
const SLOWER = 1.05;

function resultAt(index: number, { result }: { result: Result }): Result {
  const prng = seededPrng(`history bench ${index}`);
  const noise = (): number => 1 + SD * (prng() + prng() + prng() + prng() - 2) * Math.sqrt(3);
  const slower = index >= runs * 0.75 ? SLOWER : 1;
  const startedAt = new Date(START_MS + index * HOUR_MS).toISOString();
  const commit = index.toString(16).padStart(40, "0");
  const stages = Array.from({ length: STAGES }, (_, stage) => stage);
  const rows = stages.flatMap((stage) =>
    result.comparisons.map((row) => ({ ...row, stage: `${row.stage} ${stage}` })),
  );
  const row = result.comparisons[0]!;
  const parts = Array.from({ length: PARTS }, (_, part) => ({
    arm: row.arm,
    by: "route" as const,
    name: `GET /route-${part}`,
    metric: row.metric,
    unit: row.unit,
    better: row.better,
    stage: row.stage,
    control: noise(),
    variant: noise(),
    effect: row.effect,
    adjustedP: noise() / 2,
    shown: false,
  }));
  return {
    ...result,
    run: { ...result.run, startedAt, git: { commit, dirty: false } },
    parts,
    comparisons: rows.map((one) => ({
      ...one,
      control: one.control === null ? null : one.control * noise(),
      variant: one.variant === null ? null : one.variant * noise() * slower,
      effect:
        one.effect === null
          ? null
          : { ...one.effect, estimate: (1 + one.effect.estimate) * noise() * slower - 1 },
    })),
  };
}

const folder = mkdtempSync(join(tmpdir(), "shakedown-history-"));
try {
  const fixture = FIXTURES["ship"]!();
  let bytes = 0;
  for (let index = 0; index < runs; index++) {
    const path = join(folder, `run-${String(index).padStart(6, "0")}`);
    mkdirSync(path);
    const text = JSON.stringify(resultAt(index, fixture));
    bytes += text.length;
    writeFileSync(join(path, "result.json"), text);
    new AuditLog(join(path, "audit.ndjson"), () => "2026-01-01T00:00:00.000Z").append(
      "plan registered",
      { sha256: "a", armsDiffer: [] },
    );
  }
  const began = performance.now();
  const history = readHistory(folder, "bench");
  const readMs = performance.now() - began;
  const changed = history.series.filter(({ change }) => change !== null).length;
  console.log(
    `${history.runs.length} runs (${(bytes / runs / 1e3).toFixed(0)} kB of result each), ` +
      `${history.series.length} series, ${changed} of them change, ${history.events.length} events: ` +
      `${(readMs / 1e3).toFixed(1)} s`,
  );
  for (const [name, format] of Object.entries(HISTORY_FORMATS)) {
    const from = performance.now();
    const { length } = format(history);
    console.log(
      `${name}: ${(length / 1e3).toFixed(0)} kB in ${(performance.now() - from).toFixed(0)} ms`,
    );
  }
  console.log(`most memory: ${(process.resourceUsage().maxRSS / 1e3).toFixed(0)} MB`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
