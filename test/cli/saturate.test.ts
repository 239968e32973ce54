import { describe, expect, it } from "vitest";
import { ShakedownError } from "../../src/core/index.ts";
import { type SaturateFlags, saturateOptions } from "../../src/run/saturate/options.ts";
import { FLAGS } from "../run/saturate/fixture.ts";

const refusal = (flags: Partial<SaturateFlags>): string => {
  try {
    saturateOptions({ ...FLAGS, ...flags });
  } catch (thrown) {
    if (thrown instanceof ShakedownError && thrown.code === "USAGE") return thrown.message;
    throw thrown;
  }
  throw new Error("not refused");
};

describe("the flags of saturate", () => {
  it("one target is searched once, two are searched three times, control first", () => {
    const one = saturateOptions(FLAGS);
    expect(one).toMatchObject({ runs: 1, stepNs: 5e9, settleNs: 1e9, p99LimitUs: null });
    const two = saturateOptions({ ...FLAGS, control: "http://127.0.0.1:8081", p99: "50ms" });
    expect(two).toMatchObject({ runs: 3, p99LimitUs: 50_000, precision: 0.05, margin: 0.1 });
    expect(two.arms.map(({ name }) => name)).toEqual(["control", "target"]);
    const urls = two.arms.map(({ loaded }) => Object.values(loaded.scenario.arms)[0]);
    expect(urls).toMatchObject([
      { url: "http://127.0.0.1:8081" },
      { url: "http://127.0.0.1:8080" },
    ]);
  });

  it("nonsense is refused, by the flag that says it", () => {
    expect(refusal({ step: "10ms" })).toBe("--step 10ms is too short");
    expect(refusal({ p99: "0s" })).toBe("--p99 0s is too short");
    expect(refusal({ precision: "0%" })).toContain("--precision 0%");
    expect(refusal({ margin: "200%" })).toContain("--margin 200%");
    expect(refusal({ runs: 0 })).toContain("--runs 0");
    expect(refusal({ runs: 2.5 })).toContain("--runs 2.5");
    expect(refusal({ maxRate: "0/s" })).toContain('"0/s" is not a rate');
    expect(refusal({ target: "ftp://127.0.0.1" })).toContain("an http(s) address");
    expect(refusal({ tls: { insecure: true } })).toContain("are for https");
  });
});
