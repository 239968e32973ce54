import { describe, expect, it } from "vitest";
import { describeProfile, type Profile, type ProfileRecord } from "../../src/profile/index.ts";
import { profileOf as profileOfRecords } from "./traffic.ts";

function profileOf(
  offsetsS: readonly number[],
  more: Partial<ProfileRecord> = {},
  timePrecisionNs = 1,
): Profile {
  const records = offsetsS.map((offsetS): ProfileRecord => ({
    offsetNs: offsetS * 1e9,
    method: "GET",
    path: "/",
    headers: [],
    route: "GET /",
    ...more,
  }));
  return profileOfRecords(records, timePrecisionNs);
}

describe("describeProfile", () => {
  it("the peak is the busiest window wherever it lies, not that of a clock's second", () => {
    const { peakRatePerSec, meanRatePerSec } = describeProfile(
      profileOf([0, 9.6, 9.9, 10.2, 10.5, 20]),
    );
    expect(peakRatePerSec).toEqual({ over1S: 4, over10S: 0.4 });
    expect(meanRatePerSec).toBeCloseTo(0.3, 12);
  });

  it("windows are half-open, and a profile shorter than one has no such peak", () => {
    expect(describeProfile(profileOf([0, 1, 2])).peakRatePerSec).toEqual({
      over1S: 1,
      over10S: null,
    });
    expect(describeProfile(profileOf([0, 0])).peakRatePerSec).toEqual({
      over1S: null,
      over10S: null,
    });
  });

  it("the gaps' coefficient of variation: 0 when even, known values else", () => {
    expect(describeProfile(profileOf([0, 1, 2, 3])).interArrivalCv).toBe(0);
    // Gaps 1, 1, 4: mean 2, sample deviation √3.
    expect(describeProfile(profileOf([0, 1, 2, 6])).interArrivalCv).toBeCloseTo(
      Math.sqrt(3) / 2,
      12,
    );
  });

  it("claims no burstiness and no rate where the capture cannot tell", () => {
    expect(describeProfile(profileOf([0, 0.5, 1, 1.5], {}, 1e9)).interArrivalCv).toBeNull();
    expect(describeProfile(profileOf([0, 5, 6], {}, 1e9)).interArrivalCv).not.toBeNull();
    expect(describeProfile(profileOf([0]))).toMatchObject({
      interArrivalCv: null,
      meanRatePerSec: null,
    });
    expect(describeProfile(profileOf([]))).toMatchObject({
      requestCount: 0,
      routes: [],
      requestBytes: null,
    });
  });

  it("shares add up, largest first; bodies are measured in bytes; a repeated header counts once", () => {
    const { records, manifest } = profileOf([0, 1, 2], {
      headers: [
        ["a", "1"],
        ["a", "2"],
      ],
    });
    const mixed = records.with(1, {
      ...records[1]!,
      route: "POST /x",
      method: "POST",
      status: 503,
      session: "s",
      body: { encoding: "utf8", data: "é" },
    });
    const summary = describeProfile({ manifest, records: mixed });
    expect(summary.routes.map(({ value, count }) => [value, count])).toEqual([
      ["GET /", 2],
      ["POST /x", 1],
    ]);
    expect(summary.routes.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
    expect(summary.headerNames).toEqual([{ value: "a", count: 3, share: 1, values: "constant" }]);
    expect(summary.statuses.map(({ value }) => value)).toEqual(["503"]);
    expect(summary.sessionCount).toBe(1);
    expect(summary.requestBytes).toEqual({
      count: 1,
      min: 2,
      p50: 2,
      p90: null,
      p99: null,
      max: 2,
      mean: 2,
    });
  });
});
