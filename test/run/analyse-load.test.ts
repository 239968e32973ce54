import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Observation } from "../../src/measure/index.ts";
import { renderText } from "../../src/report/index.ts";
import { analyse } from "../../src/run/analyse.ts";
import type { RunDirectory } from "../../src/run/index.ts";
import {
  expectSound,
  lone,
  MANIFEST,
  scratch,
  traffic,
  type Written,
  writeRun,
} from "./run-fixture.ts";

const folder = scratch();
afterAll(() => folder.remove());
let runs = 0;
const made = (written: Written): Promise<RunDirectory> =>
  writeRun(join(folder.path, `run-${runs++}`), written);

const CONNECTIONS = 8;

/** The observation with a later start; what it waited of that for a connection. */
function later(observation: Observation, byNs: number, connectionWaitNs: number): Observation {
  if (observation.kind === "dropped") return observation;
  const startNs = observation.startNs + byNs;
  const endNs = observation.endNs + byNs;
  return observation.kind === "error"
    ? { ...observation, startNs, endNs, connectionWaitNs }
    : { ...observation, startNs, endNs, firstByteNs: endNs, connectionWaitNs };
}

describe("judging a run of one arm", () => {
  it("decides nothing, and shows what was measured", async () => {
    const model = analyse(await made(lone()));
    expectSound(model);
    expect(model.result).toMatchObject({
      hypothesis: null,
      decision: null,
      reason: "one arm was measured, and nothing is compared",
      comparisons: [],
      findings: [],
    });
    expect(Object.keys(model.result.arms)).toEqual(["target"]);
    expect(model.result.checks.map(({ status }) => status)).not.toContain("fail");
    const text = renderText(model, { color: false, width: 100 });
    expect(text).toMatch(/^MEASURED {2}one arm was measured/);
    expect(text).toMatch(/^target +p50 +p90 +p99 +p99\.9 +max$/m);
    for (const what of ["response time", "service time", "start lag"]) {
      expect(text).toMatch(new RegExp(`^${what}(?: +[\\d.]+ [mµ]?s){5}$`, "m"));
    }
    expect(text).toMatch(/^ {2}target: 1,703 = \d[\d,]* \+ \d+ \+ 0$/m);
    expect(text).toMatch(/^ {4}offered 130\/s, started 130\/s; none late by more than 1 ms/m);
  });

  it("holds where the generator was saturated: its lateness colours what is measured", async () => {
    const late = lone((each) => (each.seq % 20 === 0 ? later(each, 30e6, 0) : each));
    const { result } = analyse(await made(late));
    expect(result.decision).toBe("hold");
    expect(result.reason).toMatch(/generator saturated/);
  });

  it("that waited for connections is measured, and told that the target was slower than they carry", async () => {
    const waited = lone((each) => (each.seq % 20 === 0 ? later(each, 30e6, 30e6) : each));
    const generator = { ...MANIFEST.generator, connections: CONNECTIONS };
    const { result } = analyse(
      await made({ ...waited, manifest: { ...waited.manifest, generator } }),
    );
    expect(result.decision).toBeNull();
    const { connectionWaitUs, lateStarts } = result.arms["target"]!;
    expect(lateStarts).toEqual({ generator: 0, connection: 86 });
    expect(connectionWaitUs.max).toBeGreaterThan(29_000);
    expect(result.warnings).toContainEqual(
      expect.stringMatching(
        /^5\.05 % of the starts to target waited more than 1 ms for one of 8 connections \(30\.?\d* ms at worst\)/,
      ),
    );
  });

  it("that was stopped, or answered nothing, holds", async () => {
    const ended = { ...MANIFEST.ended, incompleteBecause: "interrupted" };
    const one = lone();
    const stopped = analyse(await made({ ...one, manifest: { ...one.manifest, ended } }));
    expect(stopped.result).toMatchObject({ decision: "hold", reason: "incomplete: interrupted" });
    const silent = analyse(await made({ ...one, observations: [] }));
    expect(silent.result.decision).toBe("hold");
    expect(silent.result.reason).toMatch(/no start was planned|target answered nothing/);
  });
});

describe("a run that was stopped", () => {
  it("shows no burst for the starts that were still to come, and counts them all", async () => {
    const { calls, observations } = traffic();
    const stopNs = 6.5e9;
    const rest = (arm: number, route: number): Observation => {
      const own = observations.filter(
        (each) => each.arm === arm && each.route === route && each.intendedNs >= stopNs,
      );
      const { intendedNs, seq } = own[0]!;
      const place = { arm, stage: 1, seq, route, intendedNs };
      return { kind: "dropped", ...place, reason: "run-stopped", count: own.length };
    };
    const dropped = [0, 1].flatMap((arm) => [rest(arm, 0), rest(arm, 1)]);
    const kept = observations.filter(({ intendedNs }) => intendedNs < stopNs);
    const ended = { ...MANIFEST.ended, durationNs: 7.5e9, incompleteBecause: "interrupted" };
    const stopped = { observations: [...kept, ...dropped], calls, manifest: { ended } };
    const { result, timeline } = analyse(await made(stopped));
    expect(timeline.offeredPerSec.slice(0, 6)).toEqual(Array.from({ length: 6 }, () => 130));
    expect(timeline.offeredPerSec.every((offered) => (offered ?? 0) <= 130)).toBe(true);
    for (const arm of Object.values(result.arms)) {
      expect(arm.planned).toBe(observations.length / 2);
      expect(arm.dropCounts).toEqual({ "run-stopped": arm.dropped });
    }
  });
});

describe("a run of several workers", () => {
  it("gives the same as that of one, however its observations lie in the files", async () => {
    const results = await Promise.all(
      [1, 2, 4].map(async (workers) => analyse(await made({ ...traffic(), workers }))),
    );
    for (const model of results) expectSound(model);
    expect(results[1]!.result).toEqual(results[0]!.result);
    expect(results[2]!.result).toEqual(results[0]!.result);
    expect(results[2]!.timeline).toEqual(results[0]!.timeline);
  });

  it("of which one file is missing is incomplete", async () => {
    const directory = await made({ ...traffic(), workers: 2 });
    rmSync(directory.observations(1));
    expect(analyse(directory).result).toMatchObject({
      decision: "hold",
      reason: expect.stringMatching(/^incomplete: /) as string,
    });
  });
});
