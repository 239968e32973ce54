import normalQuantile from "@stdlib/stats-base-dists-normal-quantile";
import { describe, expect, it } from "vitest";
import { createLatencyModel, latencySchema } from "../../src/emulator/index.ts";
import type { AnsweredCall } from "../../src/emulator/model.ts";
import { resolveFitted } from "../../src/emulator/latency/index.ts";
import { Histogram } from "../../src/measure/index.ts";
import { CALL, latencyContract, WORLD } from "./latency-contract.ts";

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

latencyContract("uniform", {
  written: { kind: "uniform", min: "200us", max: "1ms" },
  quantileUs: (p) => 200 + 800 * p,
});

latencyContract("normal", {
  written: { kind: "normal", mean: "80ms", sd: "5ms" },
  quantileUs: (p) => normalQuantile(p, 80_000, 5_000),
});

latencyContract("exponential by median", {
  written: { kind: "exponential", median: "7ms" },
  quantileUs: (p) => (-7_000 * Math.log1p(-p)) / Math.LN2,
});

latencyContract("gamma of shape 1 is exponential", {
  written: { kind: "gamma", mean: "7ms", sd: "7ms" },
  quantileUs: (p) => -7_000 * Math.log1p(-p),
});

latencyContract("weibull of shape 1 is exponential", {
  written: { kind: "weibull", shape: 1, scale: "7ms" },
  quantileUs: (p) => -7_000 * Math.log1p(-p),
});

latencyContract("pareto by median", {
  written: { kind: "pareto", min: "1ms", median: "2ms" },
  quantileUs: (p) => 1_000 / (1 - p),
});

const measured = new Histogram();
for (let us = 1; us <= 1_000; us++) measured.record(us);
latencyContract("histogram", {
  written: { kind: "histogram", histogram: measured.encode() },
  quantileUs: (p) => 0.5 + 1_000 * p,
});

const at = (written: unknown, call: Partial<AnsweredCall>, u = 0.5): number =>
  createLatencyModel(latencySchema.parse(written), WORLD).sampleUs(
    { ...CALL, ...call },
    { uniform: () => u },
  );
const constant = (value: string) => ({ kind: "constant", value });
const SECOND = 1e9;

describe("latencies that hold others", () => {
  it("mixture: a part is drawn as often as it weighs", () => {
    const of = [
      { weight: 3, latency: constant("1ms") },
      { weight: 1, latency: constant("2ms") },
    ];
    expect(at({ kind: "mixture", of }, {}, 0.749)).toBe(1_000);
    expect(at({ kind: "mixture", of }, {}, 0.751)).toBe(2_000);
  });

  it("by: the first case that fits, by route, status and size", () => {
    const by = (what: string, when: string) => ({
      kind: "by",
      by: what,
      cases: [{ when, latency: constant("1ms") }],
      otherwise: constant("2ms"),
    });
    expect(at(by("route", "GET /users/:id"), { path: "/users/7?x=1" })).toBe(1_000);
    expect(at(by("route", "POST /users/:id"), { path: "/users/7" })).toBe(2_000);
    expect(at(by("status", "5xx"), { status: 503 })).toBe(1_000);
    expect(at(by("status", "502"), { status: 503 })).toBe(2_000);
    expect(at(by("request-size", "10kB"), { requestBytes: 10_000 })).toBe(1_000);
    expect(at(by("response-size", "10kB"), { responseBytes: 20_000 })).toBe(2_000);
    expect(problem(by("status", "bad"))).toMatch(/write a status/);
  });

  it("regimes: the state that holds decides, one latency for each", () => {
    const timeline = { kind: "windows", windows: [{ from: "1s", to: "2s" }] };
    const states = [constant("1ms"), constant("9ms")];
    const written = { kind: "regimes", timeline, states };
    expect(at(written, { nowNs: 0 })).toBe(1_000);
    expect(at(written, { nowNs: 1.5 * SECOND })).toBe(9_000);
    expect(problem({ ...written, states: [...states, constant("1ms")] })).toMatch(/2 states/);
  });

  it("schedule: multiplies along a ramp, a wave and in windows", () => {
    const by = (factor: unknown, nowNs: number) =>
      at({ kind: "schedule", latency: constant("1ms"), factor }, { nowNs });
    expect(by({ kind: "ramp", to: 3, start: "1s", over: "2s" }, 2 * SECOND)).toBe(2_000);
    expect(by({ kind: "ramp", to: 3, start: "1s", over: "2s" }, 9 * SECOND)).toBe(3_000);
    expect(by({ kind: "sinusoid", amplitude: 0.5, period: "4s" }, SECOND)).toBe(1_500);
    const windows = [{ from: "1s", to: "2s", factor: 4 }];
    expect(by({ kind: "windows", windows }, SECOND)).toBe(4_000);
    expect(by({ kind: "windows", windows }, 2 * SECOND)).toBe(1_000);
  });

  it("load and linear: rise with the rate or the calls in flight", () => {
    const latency = constant("1ms");
    const curve = [
      ["100/s", 1],
      ["200/s", 3],
    ];
    const byRate = { kind: "load", latency, by: "rate", curve };
    expect([0, 150, 900].map((ratePerSec) => at(byRate, { ratePerSec }))).toEqual([
      1_000, 2_000, 3_000,
    ]);
    const linear = { kind: "linear", base: latency, perInFlight: "2ms" };
    expect([1, 3].map((inFlight) => at(linear, { inFlight }))).toEqual([1_000, 5_000]);
  });

  it("fitted: is resolved by the cases around it, and refused when it is not", () => {
    const fitted = { kind: "fitted", from: "profile" };
    const cases = [{ when: "GET /a", latency: fitted }];
    const spec = latencySchema.parse({ kind: "by", by: "route", cases, otherwise: fitted });
    expect(() => createLatencyModel(spec, WORLD)).toThrow(/no fit/);
    expect(() => resolveFitted(spec, () => undefined)).toThrow(/no fit/);
    const valueUs = (route: string | null) => (route === "GET /a" ? 1 : 2);
    const resolved = resolveFitted(spec, (route) => ({
      kind: "constant",
      valueUs: valueUs(route),
    }));
    const model = createLatencyModel(resolved, WORLD);
    expect(model.sampleUs({ ...CALL, path: "/a" }, { uniform: () => 0.5 })).toBe(1);
    expect(model.sampleUs(CALL, { uniform: () => 0.5 })).toBe(2);
  });

  it.each([
    [{ kind: "histogram", histogram: "HISTnone" }, /no HdrHistogram/],
    [{ kind: "gamma", mean: "1ms" }, /exactly mean and sd/],
    [{ kind: "exponential", mean: "1ms", p99: "2ms" }, /given: mean, p99/],
    [{ kind: "weibull", median: "2ms", p99: "1ms" }, /not above the median/],
    [{ kind: "pareto", min: "2ms", p99: "1ms" }, /not above min/],
    [{ kind: "uniform", min: "2ms", max: "1ms" }, /max is below min/],
  ])("refuses %j", (written, message) => {
    expect(problem(written)).toMatch(message);
  });
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
