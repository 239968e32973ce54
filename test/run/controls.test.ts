import { describe, expect, it } from "vitest";
import type { AuditLog, Plan } from "../../src/experiment/index.ts";
import { ByHand } from "../../src/run/by-hand.ts";
import { RunControls, type Steered } from "../../src/run/controls.ts";
import { PLAN } from "../experiment/plan-fixture.ts";

/** What was done, noted and said. */
function begun() {
  const [done, noted, said]: [string[], [string, unknown][], string[]] = [[], [], []];
  const controls = new RunControls();
  const audit = { append: (event: string, detail: unknown) => void noted.push([event, detail]) };
  controls.begin(audit as unknown as AuditLog, ({ kind }) => void said.push(kind));
  const doing =
    (what: keyof Steered) =>
    (because: string): null => {
      done.push(`${what} ${because}`);
      return null;
    };
  const steered: Steered = {
    stop: doing("stop"),
    stopAfterStage: doing("stopAfterStage"),
    rollBack: doing("rollBack"),
    pause: doing("pause"),
    goOn: doing("goOn"),
  };
  return { controls, done, noted, said, steered };
}

describe("what is asked of a run that goes on", () => {
  it("is done by its traffic, with who and why, and is on record; a roll-back as an override", () => {
    const { controls, done, noted, said, steered } = begun();
    using _traffic = controls.steer(steered);
    expect(controls.ask({ ask: "roll-back", reason: "queues grow", by: "Ada" })).toBeNull();
    expect(controls.ask({ ask: "stop-after-stage", reason: "" })).toBeNull();
    expect(controls.ask({ ask: "stop", reason: "enough" })).toBeNull();
    expect(controls.ask({ ask: "pause", reason: "a look", by: "Ada" })).toBeNull();
    expect(controls.ask({ ask: "go-on", reason: "" })).toBeNull();
    expect(done).toEqual([
      "rollBack rolled back by hand (Ada): queues grow",
      "stopAfterStage stopped by hand",
      "stop stopped by hand: enough",
      "pause paused by hand (Ada): a look",
      "goOn let go on by hand",
    ]);
    expect(noted).toEqual([
      ["override", { decision: "roll-back", reason: "queues grow", by: "Ada" }],
      ["asked", { ask: "stop-after-stage", reason: "" }],
      ["asked", { ask: "stop", reason: "enough" }],
      ["asked", { ask: "pause", reason: "a look", by: "Ada" }],
      ["asked", { ask: "go-on", reason: "" }],
    ]);
    expect(said).toEqual(Array.from({ length: 5 }, () => "asked"));
  });

  it("is refused, and leaves no trace, where it cannot be done", () => {
    const early = new RunControls();
    expect(early.ask({ ask: "stop", reason: "" })).toBe("it has not begun yet");
    const { controls, noted, steered } = begun();
    expect(controls.ask({ ask: "roll-back", reason: "x" })).toMatch(/nothing is sent/);
    {
      using _traffic = controls.steer({
        ...steered,
        stopAfterStage: () => "this is its last stage",
      });
      expect(controls.ask({ ask: "roll-back", reason: " " })).toBe("a roll-back needs a reason");
      expect(controls.ask({ ask: "stop-after-stage", reason: "x" })).toBe("this is its last stage");
    }
    controls.end();
    expect(controls.ask({ ask: "stop", reason: "" })).toBe("its traffic is over");
    expect(noted).toEqual([]);
    expect(controls.signal.aborted).toBe(false);
  });

  it("stops what has not begun to send by its signal, and keeps the first trail that it is given", () => {
    const { controls, noted } = begun();
    controls.begin({ append: () => expect.unreachable() } as unknown as AuditLog, () => {});
    expect(controls.ask({ ask: "stop", reason: "" })).toBeNull();
    expect(controls.signal.aborted).toBe(true);
    expect(noted).toHaveLength(1);
  });
});

describe("one run's traffic, ended by hand", () => {
  /** In a stage of a plan; `out` has been cut. */
  function sending(stage: number, plan: Plan = PLAN, { out = "", nowNs = 7 } = {}) {
    const [stops, fired]: [unknown[], unknown[]] = [[], []];
    const ramps: unknown[] = [];
    const byHand = new ByHand(
      { plan, onRollBack: (reason, arm) => void fired.push([reason, arm]) },
      {
        stage: () => stage,
        nowNs: () => (stops.length === 0 ? nowNs : null),
        isOut: (arm) => arm === out,
        ramp: () => ({
          hold: (held, pieces) => void ramps.push([held, pieces]),
          release: (held) => void ramps.push(held),
        }),
        stop: (...stop) => void stops.push(stop),
      },
    );
    return { byHand, fired, ramps, stops };
  }

  it("ends as the next stage begins, and not for the last, which has none after it", () => {
    const { byHand, stops } = sending(0);
    expect(byHand.endsBefore(1)).toBeNull();
    expect(byHand.stopAfterStage("stopped by hand")).toBeNull();
    expect([byHand.endsBefore(0), byHand.endsBefore(1)]).toEqual([
      null,
      "stopped by hand (after stage warm-up)",
    ]);
    expect(sending(1).byHand.stopAfterStage("x")).toBe("this is its last stage");
    expect(stops).toEqual([]);
  });

  it("is rolled back at once, for each variant that still gets load, and once alone", () => {
    const arms = ["control", "a", "b"];
    const { byHand, fired, stops } = sending(1, { ...PLAN, arms }, { out: "a" });
    expect(byHand.rollBack("why")).toBeNull();
    const rule = { rule: "person", decision: "roll-back", because: "why", untilNs: 7 };
    expect(stops).toEqual([["why", null, rule]]);
    expect(fired).toEqual([["why", "b"]]);
    const again = [byHand.rollBack("x"), byHand.stop("x"), byHand.stopAfterStage("x")];
    expect(new Set(again)).toEqual(new Set(["it is stopping already"]));
    const alone = sending(1);
    alone.byHand.rollBack("why");
    expect(alone.fired).toEqual([["why", undefined]]);
    expect(sending(1, { ...PLAN, hypothesis: null }).byHand.rollBack("x")).toMatch(/one arm alone/);
  });

  it("is held at the rate of that moment, once all workers can know, and goes on when it is let", () => {
    const { byHand, ramps } = sending(0);
    expect(byHand.goOn()).toBe("it is not held");
    expect(byHand.pause("why")).toBeNull();
    expect(byHand.pause("x")).toBe("it is held already");
    expect(byHand.goOn()).toBeNull();
    const { name, ratePerSec } = PLAN.stages[0]!;
    const held = { stage: name, ratePerSec, because: "why", fromNs: 200e6 + 7 };
    expect(ramps[0]).toEqual([{ ...held, untilNs: null }, expect.any(Array)]);
    expect(ramps[1]).toEqual({ ...held, untilNs: 200e6 + 7 });
  });

  it("is not held where nothing more is to come, or where it would be another comparison", () => {
    const last = sending(1, PLAN, { nowNs: PLAN.stages.at(-1)!.startNs }).byHand;
    expect(last.pause("x")).toMatch(/nothing that is still to come/);
    const split: Plan = { ...PLAN, assignment: { kind: "crossover", periodNs: 1, washoutNs: 0 } };
    expect(sending(0, split).byHand.pause("x")).toMatch(/only a duet/);
    expect(sending(0, { ...PLAN, runsInAll: 3 }).byHand.pause("x")).toMatch(/one run of several/);
  });
});
