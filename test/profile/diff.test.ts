import { describe, expect, it } from "vitest";
import {
  cutRecords,
  diffProfiles,
  type DriftAspect,
  fromFirst,
  type Profile,
  type ProfileDiff,
} from "../../src/profile/index.ts";
import { profileOf, shopProfile, type Traffic, TRAFFIC } from "./traffic.ts";

const COMPARISONS = 24;
/** Of 24 comparisons at 5 %, more than 4 come up once in 150. */
const ALARMS_MAX = 4;

const driftedAspects = ({ tests }: ProfileDiff): DriftAspect[] => [
  ...new Set(tests.filter(({ state }) => state === "drifted").map(({ aspect }) => aspect)),
];

const isSignificant = ({ alpha, tests }: ProfileDiff): boolean =>
  tests.some(({ adjustedPValue }) => adjustedPValue !== null && adjustedPValue <= alpha);

describe("two profiles of one traffic", () => {
  it("come out as drifted in at most one comparison of twenty, whatever matters", () => {
    const alarms = Array.from({ length: COMPARISONS }, (_, i) =>
      diffProfiles(shopProfile(`before ${i}`), shopProfile(`after ${i}`)),
    ).filter(isSignificant);
    expect(alarms.length).toBeLessThanOrEqual(ALARMS_MAX);
  });

  it("may be of other lengths, and halves of one profile", () => {
    const alarms = Array.from({ length: COMPARISONS / 2 }, (_, i) => {
      const whole = shopProfile(`whole ${i}`, { durationS: 1_200 });
      const part = (fromS: number, toS: number): Profile =>
        profileOf(fromFirst(cutRecords(whole.records, { fromNs: fromS * 1e9, toNs: toS * 1e9 })));
      return diffProfiles(part(0, i % 2 === 0 ? 600 : 300), part(600, 1_200));
    }).filter(({ drifted }) => drifted);
    expect(alarms.length).toBeLessThanOrEqual(ALARMS_MAX / 2);
  });

  it("a profile is like itself in everything that can be told of it", () => {
    const profile = shopProfile("self");
    const { drifted, notes, tests } = diffProfiles(profile, profile);
    expect(drifted).toBe(false);
    expect(notes).toHaveLength(1);
    const states = new Map(tests.map(({ aspect, state }) => [aspect, state]));
    expect(states.get("request-size")).toBe("unknown");
    states.delete("request-size");
    expect([...new Set(states.values())]).toEqual(["alike"]);
    expect(states.size).toBe(12);
  });
});

describe("a profile that went stale", () => {
  it.each<[DriftAspect, Partial<Traffic>]>([
    ["routes", { checkoutShare: 0.3 }],
    ["rate", { sessionsPerSec: 1.6 }],
    ["burstiness", { burst: 40 }],
    ["popularity", { zipf: 1.3 }],
    ["known-keys", { firstKey: 150 }],
    ["working-set", { catalogue: 1_500 }],
    ["statuses", { errorShare: 0.08 }],
    ["headers", { apiShare: 0.5 }],
    ["response-size", { responseBytes: 10_000 }],
    ["service-time", { serviceMs: 30 }],
    ["session-requests", { requestsPerSession: 9 }],
    ["think-time", { thinkS: 5 }],
  ])("is found: %s, after %o", (aspect, changes) => {
    const diff = diffProfiles(shopProfile("then"), shopProfile("now", changes));
    expect(driftedAspects(diff)).toContain(aspect);
  });

  it("a tail alone is found, where the middle has not moved", () => {
    const diff = diffProfiles(shopProfile("then"), shopProfile("now", { slowShare: 0.12 }));
    const test = diff.tests.find(
      ({ aspect, state }) => aspect === "service-time" && state === "drifted",
    );
    expect(test?.effect?.measure).toBe("tail-difference");
    expect(driftedAspects(diff)).toEqual(["service-time"]);
  });

  it("says what moved: the largest share first", () => {
    const after = shopProfile("now", { checkoutShare: 0.3 });
    const test = diffProfiles(shopProfile("then"), after).tests.find(
      ({ aspect }) => aspect === "routes",
    );
    const checkout = test?.details.find(({ what }) => what === "POST /checkout");
    expect(checkout?.before).toBeCloseTo(TRAFFIC.checkoutShare, 1);
    expect(checkout?.after).toBeCloseTo(0.3, 1);
    expect(test?.effect?.value).toBeCloseTo(Math.sqrt(0.15 ** 2 / 4 / (0.225 * 0.775)), 1);
  });
});

describe("what cannot be told", () => {
  const aspectOf = (before: Profile, after: Profile, wanted: DriftAspect) =>
    diffProfiles(before, after).tests.find(({ aspect }) => aspect === wanted);

  it("another catalogue is not told from pseudonyms of another key", () => {
    const other = shopProfile("b", { firstKey: 10_000 });
    expect(aspectOf(shopProfile("a"), other, "known-keys")).toMatchObject({
      state: "unknown",
      pValue: null,
      because: expect.stringMatching(/pseudonyms/),
    });
  });

  it("too few requests drift in nothing, and it is said how many it takes", () => {
    const few = profileOf(shopProfile("a").records.slice(0, 50));
    const { drifted, tests } = diffProfiles(few, shopProfile("b", { serviceMs: 90 }));
    expect(drifted).toBe(false);
    expect(tests.every(({ because, state }) => state === "unknown" && because !== null)).toBe(true);
    expect(aspectOf(few, few, "routes")?.because).toMatch(/50 requests with routes; it takes 100/);
  });

  it("a small profile with nothing in common with a large one has drifted", () => {
    const small = profileOf(
      shopProfile("a")
        .records.slice(0, 120)
        .map((record, i) => ({ ...record, route: `GET /old/${i % 20}` })),
    );
    const large = shopProfile("b", { durationS: 1_200 });
    expect(aspectOf(small, large, "routes")).toMatchObject({ state: "drifted" });
    expect(aspectOf(large, small, "routes")).toMatchObject({ state: "drifted" });
  });

  it("nothing at all is no error", () => {
    expect(diffProfiles(profileOf([]), profileOf([])).drifted).toBe(false);
  });

  it("what only one profile knows", () => {
    const bare = profileOf(
      shopProfile("b").records.map(({ headers, method, offsetNs, path, route }) => {
        return { headers, method, offsetNs, path, route };
      }),
    );
    for (const aspect of ["statuses", "session-requests", "think-time"] as const) {
      expect(aspectOf(shopProfile("a"), bare, aspect)).toMatchObject({
        state: "unknown",
        because: expect.stringMatching(/one of the profiles knows/),
      });
    }
  });
});
