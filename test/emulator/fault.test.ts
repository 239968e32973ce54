import { describe, expect, it } from "vitest";
import { keyedDraw } from "../../src/core/index.ts";
import { type CallContext, createFaultModel, faultSchema } from "../../src/emulator/index.ts";

const CALL: CallContext = { method: "GET", path: "/", inFlight: 1 };
const DRAWS = 20_000;

describe("independent errors", () => {
  it.each(["0%", "2%", "50%", "100%"])("a ratio of %s is the share that fails", (ratio) => {
    const spec = faultSchema.parse({ ratio });
    const model = createFaultModel(spec);
    const faults = Array.from({ length: DRAWS }, (_, i) =>
      model.faultFor(CALL, keyedDraw("faults", i)),
    );
    const failed = faults.filter((fault) => fault?.status === 503).length;
    expect(faults.filter((fault) => fault === null)).toHaveLength(DRAWS - failed);
    const sd = Math.sqrt(DRAWS * spec.ratio * (1 - spec.ratio));
    expect(Math.abs(failed - DRAWS * spec.ratio)).toBeLessThanOrEqual(5 * sd);
  });

  it("do not come with slow or fast calls: luck in latency and in errors is independent", () => {
    const model = createFaultModel(faultSchema.parse({ ratio: 0.2, status: 500 }));
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
