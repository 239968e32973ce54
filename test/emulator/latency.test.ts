import normalQuantile from "@stdlib/stats-base-dists-normal-quantile";
import { describe, expect, it } from "vitest";
import { latencySchema } from "../../src/emulator/index.ts";
import { latencyContract } from "./latency-contract.ts";

const lognormal = (medianUs: number, sigma: number) => (p: number) =>
  Math.exp(normalQuantile(p, Math.log(medianUs), sigma));

latencyContract("constant", {
  written: { kind: "constant", value: "80ms" },
  quantileUs: () => 80_000,
});

latencyContract("constant, below a millisecond", {
  written: { kind: "constant", value: "150us" },
  quantileUs: () => 150,
});

latencyContract("lognormal by sigma", {
  written: { kind: "lognormal", median: "250us", sigma: 0.8 },
  quantileUs: lognormal(250, 0.8),
});

latencyContract("lognormal by p99", {
  written: { kind: "lognormal", median: "80ms", p99: "400ms" },
  quantileUs: lognormal(80_000, Math.log(5) / 2.3263478740408408),
});

latencyContract("empirical", {
  written: {
    kind: "empirical",
    quantiles: [
      [0, "40ms"],
      [0.5, "80ms"],
      ["99%", "250ms"],
      [1, "400ms"],
    ],
  },
  quantileUs(p) {
    if (p <= 0.5) return 40_000 + (p / 0.5) * 40_000;
    if (p <= 0.99) return 80_000 + ((p - 0.5) / 0.49) * 170_000;
    return 250_000 + ((p - 0.99) / 0.01) * 150_000;
  },
});

const problem = (written: unknown): string | undefined =>
  latencySchema
    .safeParse(written)
    .error?.issues.map(({ message }) => message)
    .join("; ");

describe("latency as written", () => {
  it("lognormal: p99 is the 99th percentile that comes out", () => {
    const written = { kind: "lognormal", median: "80ms", p99: "400ms" };
    const spec = latencySchema.parse(written);
    if (spec.kind !== "lognormal") throw new Error("another kind came out");
    expect(lognormal(spec.medianUs, spec.sigma)(0.99)).toBeCloseTo(400_000, 6);
  });

  it("lognormal: exactly one of sigma and p99, and p99 not below the median", () => {
    const median = { kind: "lognormal", median: "80ms" };
    expect(problem(median)).toMatch(/exactly one/);
    expect(problem({ ...median, sigma: 1, p99: "90ms" })).toMatch(/exactly one/);
    expect(problem({ ...median, p99: "79ms" })).toMatch(/below the median/);
    expect(problem({ kind: "lognormal", median: "0ms", sigma: 1 })).toMatch(/above zero/);
  });

  it.each([
    [
      "starts above 0",
      [
        [0.1, "1ms"],
        [1, "2ms"],
      ],
      /first quantile is 0/,
    ],
    [
      "ends below 1",
      [
        [0, "1ms"],
        [0.9, "2ms"],
      ],
      /last quantile is 1/,
    ],
    [
      "stands still",
      [
        [0, "1ms"],
        [0.5, "2ms"],
        [0.5, "3ms"],
        [1, "4ms"],
      ],
      /rise strictly/,
    ],
    [
      "falls back in latency",
      [
        [0, "2ms"],
        [1, "1ms"],
      ],
      /no lower latency/,
    ],
  ])("empirical: refuses a list of quantiles that %s", (_what, quantiles, message) => {
    expect(problem({ kind: "empirical", quantiles })).toMatch(message);
  });

  it("refuses a number without a unit and a kind that does not exist", () => {
    expect(problem({ kind: "constant", value: "80" })).toMatch(/not a duration/);
    expect(problem({ kind: "gaussian", value: "80ms" })).toMatch(/constant.*lognormal.*empirical/);
  });
});
