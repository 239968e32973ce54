import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { NS_PER_MS, NS_PER_S } from "../../src/core/index.ts";
import { loadScenario } from "../../src/run/index.ts";
import { plannedAssignment, turnsOf } from "../../src/run/planned-assignment.ts";
import { scratch } from "./run-fixture.ts";
import { GOOD, said } from "./scenario-text.ts";

/** The good scenario with a design, and with pieces replaced, each of which must be there. */
function withDesign(design: string, ...pieces: readonly (readonly [string, string])[]): string {
  let text = `${GOOD}design: { ${design} }\n`;
  for (const [from, to] of pieces) {
    expect(text).toContain(from);
    text = text.replaceAll(from, to);
  }
  return text;
}

function planned(text: string) {
  const folder = scratch();
  const path = join(folder.path, "one.yaml");
  writeFileSync(path, text);
  const { scenario } = loadScenario(path);
  folder.remove();
  return { scenario, ...plannedAssignment(scenario), turns: turnsOf(scenario) };
}

const SPLIT = "kind: split, by: request";
const CROSS = "kind: crossover, period: 500ms";
/** Stages that whole turns of half a second fit. */
const EVEN = ["for: 27s", "for: 26s"] as const;

describe("a split", () => {
  it("is planned as the scenario says, with the variant's share of each stage", () => {
    const design =
      "kind: split, by: 'header:X-User', weights: { control: 60%, variant: 40% }, holdout: 10%, reserved: ['vip-*']";
    const { assignment, turns } = planned(
      withDesign(
        design,
        ["  - { metric: amplification, dependency: payments, margin: 10% }\n", ""],
        ["rate: 50%, for: 27s", "rate: 50%, for: 27s, share: 5%"],
        ["rate: 25%,", "rate: 25%, share: 0%,"],
      ),
    );
    expect(turns).toBeNull();
    expect(assignment).toEqual({
      kind: "split",
      by: { kind: "header", header: "x-user" },
      weights: [0.6, 0.4],
      shares: [0, 0.05, 0.4],
      holdout: 0.1,
      reserved: ["vip-*"],
    });
  });

  it("is by session and in equal shares unless the scenario says so", () => {
    const { assignment } = planned(withDesign("kind: split"));
    expect(assignment).toMatchObject({
      by: { kind: "session" },
      weights: [0.5, 0.5],
      shares: [0.5, 0.5, 0.5],
      holdout: 0,
    });
  });

  const stageShare = (share: string) => ["for: 27s,", `for: 27s, share: ${share},`] as const;
  const METRIC = "metric: response_time_p95, changesBy: less-than";
  const cases: Record<string, readonly [text: string, message: RegExp]> = {
    "reserved keys where no start has one": [
      withDesign("kind: split, by: request, reserved: ['vip-*']"),
      /design.reserved: names keys, and by request no start has one: write by: session or by: h/,
    ],
    "weights of more than everything": [
      withDesign(`${SPLIT}, weights: { control: 60%, variant: 50% }`),
      /^30:\d+ design\.weights: add up to 110 %/m,
    ],
    "a weight of an arm that is not there": [
      withDesign(`${SPLIT}, weights: { control: 50%, canary: 50% }`),
      /there is no arm `canary`/,
    ],
    "an arm without a weight": [
      withDesign(`${SPLIT}, weights: { control: 100% }`),
      /arm variant has no weight/,
    ],
    "a holdout that leaves control nothing": [
      withDesign(`${SPLIT}, holdout: 60%`),
      /design\.holdout: 60 % is more than control has \(50 %\)/,
    ],
    "a share beside the holdout": [
      withDesign(`${SPLIT}, holdout: 20%`, stageShare("90%")),
      /stages\.1\.share: 90 % does not fit beside a holdout of 20 %/,
    ],
    "a share of everything": [
      withDesign(SPLIT, stageShare("100%")),
      /share: leaves control nothing/,
    ],
    "a share that falls": [
      withDesign(SPLIT, stageShare("60%")),
      /stages\.2\.share: falls to 50 % from 60 %/,
    ],
    "a judged stage without a variant": [
      withDesign(SPLIT, stageShare("0%"), ["judge: false", "judge: false, share: 0%"]),
      /gives the variant nothing to be judged on/,
    ],
    "a metric that goes by time": [
      withDesign(SPLIT, [METRIC, "metric: throughput, changesBy: less-than"]),
      /hypothesis\.then\.metric: throughput goes by time/,
    ],
    "a negative control": [
      withDesign(SPLIT, ["timeout: 5s", "timeout: 5s\nnegativeControls: [request_bytes]"]),
      /negativeControls\.0: is told by requests that every arm gets/,
    ],
    "calls beside reserved keys": [
      withDesign(`${SPLIT}, reserved: [a]`),
      /guardrails\.1\.metric: counts calls, and those of `reserved` keys/,
    ],
    "calls to what a target caches, in uneven shares": [
      withDesign(SPLIT, stageShare("20%"), ["dependency: payments", "dependency: catalog"]),
      /guardrails\.1\.metric: counts calls to `catalog`, which has a cacheTtl/,
    ],
    "a key that is none": [
      withDesign("kind: split, by: cookie"),
      /design\.by: session, request, or a header/,
    ],
  };
  it.each(Object.entries(cases))("is refused with %s", (_, [text, message]) => {
    expect(said(text)).toMatch(message);
  });
});

describe("a crossover", () => {
  it("is planned in turns, a block of a period of each arm", () => {
    const { assignment, turns } = planned(withDesign(CROSS, EVEN));
    const washoutNs = 100 * NS_PER_MS;
    expect(assignment).toEqual({ kind: "crossover", periodNs: NS_PER_S / 2, washoutNs });
    expect(turns).toEqual({ blockNs: NS_PER_S, periods: { lengthNs: NS_PER_S / 2, washoutNs } });
  });

  const cases: Record<string, readonly [text: string, message: RegExp]> = {
    "no period": [withDesign("kind: crossover"), /design\.period: is missing/],
    "a period of more than half a stage": [
      withDesign("kind: crossover, period: 4s"),
      /design\.period: 2 periods of 4 s do not fit into stage warm-up, which lasts 5 s: write 2\.5 s at most/,
    ],
    "a stage of no whole turns": [
      withDesign("kind: crossover, period: 2500ms"),
      /stages\.1\.for: is not so many times 2 periods of 2\.5 s: 25 s or 30 s/,
    ],
    "a settle of no whole turns": [
      withDesign(CROSS, EVEN, ["settle: 2s", "settle: 1500ms"]),
      /stages\.1\.settle: is not so many times 2 periods of 500 ms: 1 s or 2 s/,
    ],
    "a washout as long as the period": [
      withDesign(`${CROSS}, washout: 500ms`, EVEN),
      /design\.washout: is as long as the period/,
    ],
    "blocks of its own": [
      withDesign(`${CROSS}, block: 1s`, EVEN),
      /design\.block: is a period of each arm/,
    ],
    "fields of a split": [
      withDesign(`${CROSS}, holdout: 10%`, EVEN),
      /design\.holdout: is for split, and this design is crossover/,
    ],
    "a capture that ends": [
      withDesign(
        CROSS,
        EVEN,
        ["arrivals: poisson", "arrivals: recorded\nloop: false"],
        ["rate: 180/s", "rate: 1x"],
      ),
      /loop: a crossover has no end/,
    ],
  };
  it.each(Object.entries(cases))("is refused with %s", (_, [text, message]) => {
    expect(said(text)).toMatch(message);
  });
});

it("a duet has no shares and no turns, and says of which design they are", () => {
  const text = withDesign("period: 1s, by: session", ["for: 27s,", "for: 27s, share: 5%,"]);
  expect(said(text)).toMatch(/design\.period: is for crossover, and this design is duet/);
  expect(said(text)).toMatch(/design\.by: is for split/);
  expect(said(text)).toMatch(/stages\.1\.share: is what the variant has of a split/);
});
