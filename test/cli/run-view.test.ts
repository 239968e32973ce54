import { describe, expect, it } from "vitest";
import { bannerLines } from "../../src/cli/run-banner.ts";
import { runView } from "../../src/cli/run-view.ts";
import { type Look, sizePlan } from "../../src/experiment/index.ts";
import { Histogram } from "../../src/measure/index.ts";
import type { LiveArm, RunEvent } from "../../src/run/index.ts";
import { PLAN } from "../experiment/plan-fixture.ts";

const ESC = String.fromCharCode(27);
const sized = sizePlan(PLAN, () => ({ se: 0.03, requests: 1_010 }));
const unsized = sizePlan(PLAN, () => "no pilot");

const arm = (name: string, failed: number): LiveArm => ({
  arm: name,
  planned: 120,
  responses: 120 - failed,
  failed,
  dropped: 0,
  p50Us: 38_200,
  p99Us: 412_000,
  responseTime: new Histogram(),
  startLag: new Histogram(),
});

const counts = (inFlight: number, errors: number) => ({
  calls: 100,
  inFlight,
  errors,
  limited: 0,
  early: 0,
  rejected: 0,
  aborted: 0,
  connections: 4,
  accepted: 4,
});

const tick = (atS: number, errors: number): RunEvent => ({
  kind: "tick",
  stage: 1,
  elapsedNs: atS * 1e9,
  arms: [arm("control", 0), arm("variant", 12)],
  // What an emulator counts may grow: the view asks for these.
  emulator: { payments: { control: counts(31, 0), variant: counts(4, errors) } } as never,
});

const looked = (metric: string, lnE: number): Look["metrics"][number] => ({
  arm: "variant",
  metric,
  blocks: 12,
  widening: 1,
  harm: 0.031,
  band: { low: -0.012, high: 0.079 },
  margin: 0.1,
  lnE,
  lnBoundary: 5,
  reached: lnE >= 5,
});

const EVENTS: readonly RunEvent[] = [
  { kind: "plan", plan: PLAN, sizing: sized },
  { kind: "traffic", directory: "runs/x", stages: 2, durationNs: 52e9, load: "poisson" },
  {
    kind: "look",
    look: {
      stage: "everybody",
      block: 12,
      atS: 20,
      conditionalPower: null,
      metrics: [looked("response_time_p90", 1.2), looked("error_ratio", 6), looked("cost", 0)],
    },
  },
  tick(20, 0),
  tick(21, 7),
];

/** What a terminal of so many columns is told, and what stands on it in the end. */
function shownOn(columns: number, events: readonly RunEvent[], options = {}) {
  let told = "";
  const stdout = { write: (text: string) => (told += text), isTTY: true, columns };
  const view = runView(stdout, { color: false, ...options });
  for (const event of events) view.show(event);
  const lines: string[] = [];
  for (const part of told.split(new RegExp(`(${ESC}\\[\\d+A${ESC}\\[0J|\\n)`))) {
    const up = new RegExp(`^${ESC}\\[(\\d+)A`).exec(part)?.[1];
    if (up !== undefined) lines.splice(lines.length - Number(up));
    else if (part !== "\n" && part !== "") lines.push(part);
    else if (part === "\n" && lines.at(-1) === undefined) lines.push("");
  }
  return { told, lines };
}

describe("the banner", () => {
  it("says what will happen, within 80 columns, and what is not known before a pilot", () => {
    for (const sizing of [sized, unsized]) {
      const lines = bannerLines(PLAN, sizing);
      expect(lines.filter((line) => line.length > 80)).toEqual([]);
    }
    expect(bannerLines(PLAN, unsized).join("\n")).toContain("unknown before a pilot");
    expect(bannerLines(PLAN, sized).join("\n")).toMatchInlineSnapshot(`
      "pool cut: 13.1 s in all
        claim        response_time_p90 changes by less than 10 %
        arms         control, variant: each gets every request, at the same moment
        stages       warm-up     50/s     2 s  not judged
                     everybody  100/s  11.1 s  1,010 requests an arm judged
        least shown  response_time_p90: 13.5 % in stage everybody (margin 10 %)
        ends early   at nothing"
    `);
  });

  it("says which stage is too short, before it runs", () => {
    const [warmUp, everybody] = PLAN.stages;
    const brief = { ...PLAN, stages: [warmUp!, { ...everybody!, blockNs: 1e9 }] };
    const lines = bannerLines(
      brief,
      sizePlan(brief, () => "no pilot"),
    );
    const text = lines.join(" ").replaceAll(/\s+/g, " ");
    expect(text).toContain("11.1 s too short to judge: 10 blocks, and 20 are needed");
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });

  it("multiplies the time by the runs", () => {
    const runs = [PLAN.runs[0]!, PLAN.runs[0]!, PLAN.runs[0]!];
    const lengthS = PLAN.stages.at(-1)!.endNs / 1e9;
    const [first] = bannerLines({ ...PLAN, runs }, unsized);
    expect(first).toContain(`3 runs of ${lengthS} s`);
  });
});

describe("the live view", () => {
  it("shows stage, arms, effects with their bands, and dependencies in trouble", () => {
    const { lines } = shownOn(80, EVENTS);
    expect(lines.slice(-9).join("\n")).toMatchInlineSnapshot(`
      "everybody, 2 of 2  ████████████████████████  11 of 11 s; 31 s left in all
                 started      p50     p99  failed  dropped
        control    120/s  38.2 ms  412 ms       0        0
        variant    120/s  38.2 ms  412 ms      12        0
        · response_time_p90 harm +3.1 % [−1.2 % … +7.9 %], margin 10 %, 12 blocks
        ✗ error_ratio harm +3.1 % [−1.2 % … +7.9 %], margin 10 %, 12 blocks
        · cost harm +3.1 % [−1.2 % … +7.9 %], margin 10 %, 12 blocks
        in flight (control/variant): payments 31/4
        ! payments: 0/7 calls not answered well"
    `);
  });

  it.each([40, 80, 120])("redraws in place and keeps within %d columns", (columns) => {
    const { told } = shownOn(columns, EVENTS.slice(3));
    const drawn = told
      .split("\n")
      .map((line) => line.replaceAll(new RegExp(`${ESC}\\[\\w+`, "g"), ""));
    expect(drawn.filter((line) => Array.from(line).length >= columns)).toEqual([]);
    const twice = shownOn(columns, [...EVENTS, ...EVENTS.slice(3)]).lines;
    expect(twice.length).toBe(shownOn(columns, EVENTS).lines.length);
  });

  it("is plain where it must not steer a terminal, and silent where it must be", () => {
    for (const options of [{ plain: true }, { quiet: true }]) {
      expect(shownOn(80, EVENTS, options).told).not.toContain(ESC);
    }
    expect(shownOn(80, EVENTS, { quiet: true }).told).toBe("");
    expect(shownOn(80, EVENTS, { plain: true }).told).toContain("least shown");
  });

  it("says that a second Ctrl-C ends it at once, when the first was heard", () => {
    const { told } = shownOn(80, [{ kind: "stopping", because: "interrupted" }]);
    expect(told).toContain("once more (Ctrl-C) stops now");
    expect(shownOn(80, [{ kind: "stopping", because: "a target died" }]).told).not.toContain(
      "Ctrl-C",
    );
  });
});
