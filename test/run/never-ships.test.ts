import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { EXIT, type ShakedownError } from "../../src/core/index.ts";
import type { Plan } from "../../src/experiment/index.ts";
import type { Observation } from "../../src/measure/index.ts";
import { analyse } from "../../src/run/analyse.ts";
import { judge } from "../../src/run/judge.ts";
import type { Manifest } from "../../src/run/manifest.ts";
import { PLAN, PLAN_WITHOUT_HISTORY } from "../experiment/plan-fixture.ts";
import { END_NS, MANIFEST, scratch, traffic, type Written, writeRun } from "./run-fixture.ts";

/* What Kayenta's judge is known to let pass is in test/stats/known-misses.test.ts. */

const folder = scratch();
afterAll(() => folder.remove());
const at = (name: string): string => join(folder.path, name);

/** A run that ships as it is: the arms differ by chance alone. */
const SHIPS = traffic();

const eachRow = (change: (row: Observation) => Observation): Partial<Written> => ({
  observations: SHIPS.observations.map((row) => change(row)),
});

/** Without an answer until its timeout. */
function unanswered(row: Observation): Observation {
  if (row.kind === "dropped") return row;
  const { arm, connectionWaitNs, intendedNs, route, seq, stage, startNs } = row;
  const endNs = startNs + PLAN.timeoutNs;
  const place = { arm, connectionWaitNs, endNs, intendedNs, route, seq, stage, startNs };
  return { kind: "error", ...place, error: "timeout" };
}

/** Never sent. */
function unsent({ arm, intendedNs, route, seq, stage }: Observation): Observation {
  const place = { arm, intendedNs, route, seq, stage };
  return { kind: "dropped", ...place, reason: "in-flight-cap", count: 1 };
}

/** Of the variant, slower as time goes by, and as slow as control on average. */
function drifting(row: Observation): Observation {
  if (row.arm === 0 || row.kind !== "response") return row;
  const factor = 0.65 + 0.5 * (row.intendedNs / END_NS);
  const endNs = row.startNs + Math.round((row.endNs - row.startNs) * factor);
  return { ...row, firstByteNs: endNs, endNs };
}

const p95: Plan = { ...PLAN, primary: { metric: "response_time_p95", margin: 0.5 } };
const tolerant: Plan = { ...PLAN, primary: { metric: "response_time_p90", margin: 2 } };
const unmeasured: Plan = {
  ...PLAN,
  guardrails: [
    { metric: "otel", name: "db.client.connection.wait_time", aggregation: "mean", margin: 0.1 },
  ],
};

describe("a run that would ship", () => {
  it("does", async () => {
    expect(analyse(await writeRun(at("ships"), SHIPS)).result.decision).toBe("ship");
  });

  it.each<[string, RegExp, Partial<Written>]>([
    ["one run without an A/A history", /^unreplicated: /, { plan: PLAN_WITHOUT_HISTORY }],
    [
      "fewer than 100 exceedances",
      /^not judged: .*need at least 100 slower than p95/,
      { plan: p95 },
    ],
    [
      "a censored rank",
      /^not judged: .*without an answer/,
      eachRow((row) => (row.seq % 7 === 0 ? unanswered(row) : row)),
    ],
    [
      "a sample ratio mismatch",
      /^sample ratio: started in judged time: control 1,\d+, variant \d+/,
      eachRow((row) => (row.arm === 1 && row.seq % 5 === 0 ? unsent(row) : row)),
    ],
    ["drift in the difference", /^drift: /, { ...eachRow(drifting), plan: tolerant }],
    ["a metric that nobody tells", /^not judged: otel:/, { plan: unmeasured }],
    ["calls that are missing", /^incomplete: .*calls/, { calls: null }],
    ["zero requests", /./, { observations: [], calls: [] }],
  ])("never does on %s", async (name, reason, change) => {
    const { result } = analyse(await writeRun(at(name), { ...SHIPS, ...change }));
    expect(result.decision).toBe("hold");
    expect(result.reason).toMatch(reason);
  });

  it("never does where its judge crashes: the exit code is that of a hold", async () => {
    const directory = await writeRun(at("crashed"), SHIPS);
    const nonsense = { ...MANIFEST, dependencies: null } as unknown as Manifest;
    const thrown: unknown = await judge(directory, nonsense, false).catch(
      (error: unknown) => error,
    );
    expect(thrown).toMatchObject({ code: "JUDGE_FAILED" });
    expect((thrown as ShakedownError).exitCode).toBe(EXIT.hold);
  });
});
