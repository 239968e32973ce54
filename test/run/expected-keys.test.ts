import { describe, expect, it } from "vitest";
import type { SplitBy } from "../../src/replay/index.ts";
import { expectFewKeys } from "../../src/run/expected-keys.ts";
import { PLAN } from "../experiment/plan-fixture.ts";

/** A capture of 100 requests of so many keys; `own` of them have none. */
function known(keys: number, own = 0) {
  const all = Array.from({ length: 100 }, (_, i) => (i < own ? 0 : 1 + (i % keys)));
  return { keys: Float64Array.from(all), reserved: new Uint8Array(100) };
}

const STAGE = { ...PLAN.stages.at(-1)!, name: "all", startNs: 0, judgedFromNs: 0, endNs: 10e9 };

/** A stage of 1,000 starts, of which the variant is to have a share. */
function few(kind: SplitBy["kind"], share: number, keys: ReturnType<typeof known>): string[] {
  const by: SplitBy = kind === "header" ? { kind, header: "x-user" } : { kind };
  const assignment = {
    kind: "split",
    by,
    weights: [0.5, 0.5],
    shares: [share],
    holdout: 0,
    reserved: [],
  } as const;
  const stages = [{ ...STAGE, ratePerSec: 100, fromPerSec: 100 }];
  return expectFewKeys({ ...PLAN, assignment, stages }, keys).map(({ problem }) => problem);
}

describe("keys that a split can have, before anything is sent", () => {
  it.each<[string, SplitBy["kind"], number, ReturnType<typeof known>, RegExp | null]>([
    ["sessions come anew each time the capture is gone through", "session", 0.5, known(50), null],
    ["two sessions, ten times", "session", 0.5, known(2), /about 10 keys in stage all \(50 %/],
    ["a header's value is the same user wherever it comes", "header", 0.5, known(50), /about 25 k/],
    ["a start without a key is its own", "session", 0.5, known(2, 50), null],
    ["every request is a key", "request", 0.5, known(1), null],
    ["a small share of many", "session", 0.05, known(50), /arm variant has about 25 keys/],
  ])("%s", (_, kind, share, keys, words) => {
    const told = few(kind, share, keys);
    expect(told).toHaveLength(words === null ? 0 : 1);
    expect(told.join()).toMatch(words ?? /^$/);
  });

  it("a duet has none to count", () => {
    expect(expectFewKeys(PLAN, known(2))).toEqual([]);
  });
});
