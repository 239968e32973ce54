import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatCount,
  formatDurationNs,
  formatRatePerSec,
  formatRatio,
  formatUs,
  parseBytes,
  parseDurationNs,
  parseMultiple,
  parseRatePerSec,
  parseRatio,
  ShakedownError,
} from "../../src/core/index.ts";

const UNITS_NS = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, min: 60e9, h: 3_600e9 };

function refusal(read: () => unknown): ShakedownError {
  try {
    read();
  } catch (thrown) {
    if (thrown instanceof ShakedownError) return thrown;
    throw thrown;
  }
  throw new Error("it was not refused");
}

describe("durations", () => {
  it("a number and a unit is that many nanoseconds, and parts add up", () => {
    const part = fc.record({
      amount: fc.integer({ min: 0, max: 999 }),
      unit: fc.constantFrom(...(Object.keys(UNITS_NS) as (keyof typeof UNITS_NS)[])),
    });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
        const text = parts.map(({ amount, unit }) => `${amount}${unit}`).join("");
        const wantedNs = parts.reduce((sum, { amount, unit }) => sum + amount * UNITS_NS[unit], 0);
        expect(parseDurationNs(` ${text} `)).toBe(wantedNs);
      }),
    );
  });

  it("a fraction is rounded to whole nanoseconds", () => {
    expect(parseDurationNs("1.1us")).toBe(1_100);
    expect(parseDurationNs("0.3s")).toBe(300_000_000);
    expect(parseDurationNs("1.0000000005s")).toBe(1_000_000_001);
  });

  it("what is written for people reads back to three digits", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 86_400_000 }), (ms) => {
        const back = parseDurationNs(formatDurationNs(ms * 1e6).replaceAll(" ", ""));
        expect(Math.abs(back / (ms * 1e6) - 1)).toBeLessThan(0.01);
      }),
    );
  });

  it.each(["", "5", "5 s", "s", "-5s", ".5s", "1e3s", "5x", "5ms!", "1,5s"])(
    "refuses %j, and says how to write it",
    (text) => {
      const error = refusal(() => parseDurationNs(text));
      expect(error.code).toBe("USAGE");
      expect(error.message).toContain(`"${text}"`);
      expect(error.hint).toMatch(/250ms/);
    },
  );

  it.each([
    [0.4, "0.4 µs"],
    [850, "850 µs"],
    [999.4, "999 µs"],
    [999.7, "1 ms"],
    [12_400, "12.4 ms"],
    [999_700, "1 s"],
    [1_250_000, "1.25 s"],
    [-1_500, "-1.5 ms"],
    [Number.NaN, "–"],
  ])("%d µs reads %j", (us, text) => expect(formatUs(us)).toBe(text));

  it.each([
    [250e6, "250 ms"],
    [25e9, "25 s"],
    [90e9, "1 m 30 s"],
    [3_600e9, "1 h"],
    [3_725e9, "1 h 2 m 5 s"],
  ])("%d ns reads %j", (ns, text) => expect(formatDurationNs(ns)).toBe(text));
});

describe("rates", () => {
  it("are per second, minute or hour", () => {
    expect(parseRatePerSec("180/s")).toBe(180);
    expect(parseRatePerSec("30000 / m")).toBe(500);
    expect(parseRatePerSec("36/h")).toBe(0.01);
    expect(formatRatePerSec(61.34)).toBe("61.3/s");
  });

  it.each(["0/s", "180", "-1/s", "180/d", "NaN/s", "Infinity/s", "/s"])(
    "refuses %j, and says how to write it",
    (text) => {
      const error = refusal(() => parseRatePerSec(text));
      expect(error.code).toBe("USAGE");
      expect(error.hint).toMatch(/180\/s/);
    },
  );
});

describe("multiples", () => {
  it("say how many times, and read back", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), (hundredths) => {
        const times = hundredths / 100;
        expect(parseMultiple(`${times}x`)).toBe(times);
        expect(parseMultiple(` ${times} x `)).toBe(times);
      }),
    );
  });

  it.each(["", "x", "0x", "0.0x", "-2x", "2", "2X", "1e3x", "2xx", "Infinityx", "0x10"])(
    "refuses %j, and says how to write it",
    (text) => {
      const error = refusal(() => parseMultiple(text));
      expect(error.code).toBe("USAGE");
      expect(error.message).toContain(`"${text}"`);
      expect(error.hint).toMatch(/2x, 0\.5x/);
    },
  );
});

describe("sizes", () => {
  it.each([
    ["1B", 1],
    ["512KiB", 524_288],
    ["1.5 kB", 1_500],
    ["1.5KB", 1_500],
    ["64MB", 64_000_000],
    ["2MiB", 2_097_152],
    ["1GB", 1e9],
    ["1GiB", 2 ** 30],
    ["1.6B", 2],
  ])("%j is %d bytes", (text, bytes) => expect(parseBytes(text)).toBe(bytes));

  it.each(["", "64", "B", "0B", "0.4B", "-1B", "64mb", "64M", "1TB", "1kiB", "1iB", "1e3B"])(
    "refuses %j, and says how to write it",
    (text) => {
      const error = refusal(() => parseBytes(text));
      expect(error.code).toBe("USAGE");
      expect(error.message).toContain(`"${text}"`);
      expect(error.hint).toMatch(/512KiB/);
    },
  );
});

describe("shares", () => {
  it("are percentages or ratios, and read back", () => {
    expect(parseRatio("5%")).toBe(0.05);
    expect(parseRatio("0.2 %")).toBe(0.002);
    expect(parseRatio("0.05")).toBe(0.05);
    expect(parseRatio("-3%")).toBe(-0.03);
    fc.assert(
      fc.property(fc.integer({ min: -999, max: 999 }), (permille) => {
        const ratio = permille / 1_000;
        expect(parseRatio(formatRatio(ratio))).toBeCloseTo(ratio, 12);
      }),
    );
  });

  it.each(["", "%", "five", "5%%", "1/20"])("refuses %j, and says how to write it", (text) => {
    const error = refusal(() => parseRatio(text));
    expect(error.code).toBe("USAGE");
    expect(error.hint).toMatch(/5%/);
  });

  it("have a sign when asked for, and none when they round to nothing", () => {
    expect(formatRatio(0.0523, { signed: true })).toBe("+5.23 %");
    expect(formatRatio(-0.0523, { signed: true })).toBe("-5.23 %");
    expect(formatRatio(-1e-12)).toBe("0 %");
    expect(formatRatio(Number.POSITIVE_INFINITY)).toBe("–");
  });
});

it("counts have separators", () => expect(formatCount(10_438.4)).toBe("10,438"));
