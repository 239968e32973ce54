import type { Evidence } from "../../src/detect/index.ts";
import type { Scenes } from "./scenes.ts";
import type { World } from "./service.ts";
import { evidenceOf, MS, S, startsOf, TRAFFIC } from "./simulate.ts";
import { type FlakyDependency, type RetryTarget, withRetries } from "./targets.ts";

/* Callers before a limit, for each way of getting on badly with it. */

type Pair<Target> = readonly [control: Target, variant: Target];

const RETRYING = { ...TRAFFIC, ratePerSec: 60, lengthNs: 14 * S, holdMedianNs: 25 * MS };
export const LIMITED: FlakyDependency = { failing: 0.02, limit: { ratePerSec: 15, burst: 15 } };
export const POLITE: RetryTarget = {
  attempts: 2,
  delayNs: 100 * MS,
  jitter: "full",
  honoursRetryAfter: true,
};
export const AT_ONCE: RetryTarget = { attempts: 4, delayNs: 20 * MS };

const retrying =
  (arms: Pair<RetryTarget>, dependency: FlakyDependency = LIMITED) =>
  ({ identity, rate, seed }: World): Evidence => {
    const ratePerSec = RETRYING.ratePerSec * rate;
    const starts = startsOf({ ...RETRYING, ratePerSec }, seed);
    const { limit } = dependency;
    const scaled =
      limit === undefined
        ? dependency
        : {
            ...dependency,
            limit: { ...limit, ratePerSec: limit.ratePerSec * rate, burst: limit.burst * rate },
          };
    const logs = [
      withRetries(starts, arms[0], scaled),
      withRetries(starts, arms[1], scaled),
    ] as const;
    const named = { name: "reviews", cacheTtlNs: null };
    return evidenceOf(logs, {
      lengthNs: RETRYING.lengthNs,
      ratePerSec,
      dependency: named,
      identity,
    });
  };

export const rateLimitScenes: Scenes = {
  healthy: retrying([POLITE, POLITE]),
  sick: retrying([POLITE, AT_ONCE]),
  both: retrying([AT_ONCE, AT_ONCE]),
  lookAlikes: {
    "more calls against the limit": retrying([POLITE, { ...POLITE, callsPerRequest: 3 }]),
    "no retries at all": retrying([POLITE, { attempts: 1 }]),
    "retries at once of what was not told to wait": retrying([POLITE, AT_ONCE], { failing: 0.3 }),
  },
  cause: /^reviews is called again before Retry-After$/,
  size: { value: 1, within: 0.05 },
  byRates: false,
};

/** Half of what comes is let through, at the beginning of each second; the rest is told to come at the next. */
const WINDOWED: FlakyDependency = {
  failing: 0.02,
  limit: { ratePerSec: 30, burst: 30, windowNs: S },
};
const SPREAD: RetryTarget = {
  attempts: 2,
  delayNs: 1_000 * MS,
  jitter: "full",
  honoursRetryAfter: "spread",
};
const ALL_AT_ONCE: RetryTarget = { attempts: 2, honoursRetryAfter: true };

export const herdScenes: Scenes = {
  healthy: retrying([SPREAD, SPREAD], WINDOWED),
  sick: retrying([SPREAD, ALL_AT_ONCE], WINDOWED),
  both: retrying([ALL_AT_ONCE, ALL_AT_ONCE], WINDOWED),
  lookAlikes: {
    "no retries at all": retrying([SPREAD, { attempts: 1 }], WINDOWED),
    "a bucket that is back for each at another time": retrying([SPREAD, ALL_AT_ONCE]),
  },
  cause: /^a herd calls reviews when its limit is back$/,
  size: { value: 5.5, within: 0.2 },
  byRates: true,
};

const PATIENT: RetryTarget = { attempts: 4, delayNs: 500 * MS, honoursRetryAfter: "spread" };
const ONCE: RetryTarget = { attempts: 1 };

export const wasteScenes: Scenes = {
  healthy: retrying([ONCE, ONCE]),
  sick: retrying([ONCE, PATIENT]),
  both: retrying([PATIENT, PATIENT]),
  lookAlikes: {
    "more calls against the limit": retrying([ONCE, { ...ONCE, callsPerRequest: 3 }]),
    "retries that are let through": retrying([ONCE, PATIENT], {
      failing: 0.02,
      limit: { ratePerSec: 57, burst: 5 },
    }),
    "retries of what failed for another reason": retrying([ONCE, PATIENT], { failing: 0.4 }),
  },
  cause: /^calls to reviews are spent on being refused again$/,
  size: { value: 0.62, within: 0.1 },
  byRates: false,
};

/** Stays away for as long as it is refused, and for five seconds more. */
const AWAY: RetryTarget = { attempts: 1, staysAwayNs: 5 * S };

export const unusedScenes: Scenes = {
  healthy: retrying([ONCE, ONCE]),
  sick: retrying([ONCE, AWAY]),
  both: retrying([AWAY, AWAY]),
  lookAlikes: {
    "a limit that is seldom reached": retrying([ONCE, AWAY], {
      failing: 0.02,
      limit: { ratePerSec: 90, burst: 60 },
    }),
    "a service that calls nobody": retrying([ONCE, { ...ONCE, callsPerRequest: 0 }]),
  },
  cause: /^reviews is used far below its limit$/,
  size: { value: 0.22, within: 0.2 },
  byRates: true,
};
