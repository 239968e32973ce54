import { describe, expect, it } from "vitest";
import { keyedDraw } from "../../src/core/index.ts";
import { createFaultModel, faultSchema } from "../../src/emulator/index.ts";
import { asked, WORLD } from "./asked.ts";

const CALL = asked();
const DRAWS = 20_000;

describe("independent errors", () => {
  it.each([0, 0.02, 0.5, 1])("a ratio of %s is the share that fails", (ratio) => {
    const spec = faultSchema.parse({ ratio });
    const model = createFaultModel(spec, WORLD);
    const faults = Array.from({ length: DRAWS }, (_, i) =>
      model.faultFor(CALL, keyedDraw("faults", i)),
    );
    const failed = faults.filter(
      (fault) => fault?.kind === "status" && fault.status === 503,
    ).length;
    expect(faults.filter((fault) => fault === null)).toHaveLength(DRAWS - failed);
    const sd = Math.sqrt(DRAWS * ratio * (1 - ratio));
    expect(Math.abs(failed - DRAWS * ratio)).toBeLessThanOrEqual(5 * sd);
  });

  it("do not come with slow or fast calls: luck in latency and in errors is independent", () => {
    const model = createFaultModel(faultSchema.parse({ ratio: 0.2, status: 500 }), WORLD);
    let [slow, slowFailed] = [0, 0];
    for (let i = 0; i < DRAWS; i++) {
      const draw = keyedDraw("both", i);
      if (draw.uniform("latency") < 0.9) continue;
      slow++;
      if (model.faultFor(CALL, draw) !== null) slowFailed++;
    }
    expect(Math.abs(slowFailed - 0.2 * slow)).toBeLessThan(5 * Math.sqrt(0.16 * slow));
  });
});
