import { holm } from "../../stats/index.ts";
import type { Profile, ProfileRecord } from "../record.ts";
import { blocked, type BlockedProfile, type Pair } from "./blocks.ts";
import {
  type Compared,
  type DriftSide,
  type DriftTest,
  matters,
  type ProfileDiff,
  untold,
} from "./drift.ts";
import { compareKeys } from "./keys.ts";
import { compareMix } from "./mix.ts";
import { compareBurstiness, compareRates } from "./rate.ts";
import { compareSessions } from "./sessions.ts";
import { compareSizesAndTimes } from "./values.ts";

export type {
  DriftAspect,
  DriftDetail,
  DriftEffect,
  DriftMeasure,
  DriftSide,
  DriftState,
  DriftTest,
  ProfileDiff,
} from "./drift.ts";

const ALPHA = 0.05;

const headerSetOf = ({ headers }: ProfileRecord): string =>
  headers.length === 0
    ? "(none)"
    : [...new Set(headers.map(([name]) => name))].toSorted().join(" ");

const SLIGHT = "more than chance, and too little to matter";

/** One figure that is none would spoil the adjustment of all others. */
function sound(compared: Compared): Compared {
  const { aspect, pValue, unit } = compared;
  if (pValue === null || Number.isFinite(pValue)) return compared;
  return untold(aspect, unit, "its values do not differ enough within a profile to tell by");
}

function judged(compared: Compared, adjustedPValue: number | null): DriftTest {
  const { effect, route = null, ...rest } = compared;
  const known = { ...rest, route, effect, adjustedPValue };
  if (adjustedPValue === null || effect === null) return { ...known, state: "unknown" };
  if (adjustedPValue > ALPHA) return { ...known, state: "alike" };
  if (matters(effect)) return { ...known, state: "drifted" };
  return { ...known, state: "alike", because: rest.because ?? SLIGHT };
}

const sideOf = ({ durationNs, profile }: BlockedProfile): DriftSide => ({
  name: profile.manifest.name,
  startedAt: profile.manifest.startedAt ?? null,
  requestCount: profile.records.length,
  durationNs,
});

function notesOn({ after, before }: Pair): string[] {
  const notes: string[] = [];
  const redacted = [before, after].every(({ profile }) => profile.manifest.redaction.enabled);
  if (redacted) {
    notes.push(
      "keys that redaction replaced can be compared only where both profiles were made with the " +
        "same --redact-key",
    );
  }
  if (before.profile.manifest.timePrecisionNs !== after.profile.manifest.timePrecisionNs) {
    notes.push("the profiles' clocks differ in precision, which bears on bursts and think times");
  }
  return notes;
}

/**
 * How two profiles differ, aspect by aspect: the mix of routes, statuses and sets of header names,
 * rate and burstiness, key popularity, keys and working set, body sizes and service times by route,
 * sessions and think times.
 *
 * Each profile's time is cut into 24 to 60 blocks, which are the sampling unit of all tests: requests of
 * a session, and of a burst, resemble each other, and tests that took them one by one would raise
 * false alarms. All p-values are adjusted together (Holm), so that profiles of one and the same
 * traffic come out as drifted in at most one of twenty comparisons. A drift is, besides, large
 * enough to matter (`DriftEffect.mattersFrom`). What has too few values is `unknown`.
 *
 * Time of day, day of week and season are part of the traffic: compare what is comparable.
 */
export function diffProfiles(before: Profile, after: Profile): ProfileDiff {
  const pair: Pair = { before: blocked(before), after: blocked(after) };
  const compared = [
    compareMix(pair, "routes", { categoryOf: ({ route }) => route, noun: "routes" }),
    compareRates(pair),
    compareBurstiness(pair),
    ...compareKeys(pair),
    compareMix(pair, "statuses", {
      categoryOf: ({ status }) => (status === undefined ? undefined : String(status)),
      noun: "statuses",
    }),
    compareMix(pair, "headers", { categoryOf: headerSetOf, noun: "sets of header names" }),
    ...compareSizesAndTimes(pair),
    ...compareSessions(pair),
  ].map(sound);
  const told = compared.filter(({ pValue }) => pValue !== null);
  const adjusted = new Map(
    holm(told.map(({ pValue }) => pValue!)).map((value, i) => [told[i]!, value]),
  );
  const tests = compared.map((one) => judged(one, adjusted.get(one) ?? null));
  return {
    before: sideOf(pair.before),
    after: sideOf(pair.after),
    alpha: ALPHA,
    drifted: tests.some(({ state }) => state === "drifted"),
    tests,
    notes: notesOn(pair),
  };
}
