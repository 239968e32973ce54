import { describe, expect, it } from "vitest";
import type { AuditLog } from "../../src/experiment/index.ts";
import { RunControls, type Steered } from "../../src/run/controls.ts";

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
    expect(done).toEqual([
      "rollBack rolled back by hand (Ada): queues grow",
      "stopAfterStage stopped by hand",
      "stop stopped by hand: enough",
    ]);
    expect(noted).toEqual([
      ["override", { decision: "roll-back", reason: "queues grow", by: "Ada" }],
      ["asked", { ask: "stop-after-stage", reason: "" }],
      ["asked", { ask: "stop", reason: "enough" }],
    ]);
    expect(said).toEqual(["asked", "asked", "asked"]);
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
