import { Arrivals } from "./makeup/arrivals.ts";
import { Headers } from "./makeup/headers.ts";
import { Keys } from "./makeup/keys.ts";
import { Quantiles } from "./makeup/quantiles.ts";
import { Routes } from "./makeup/routes.ts";
import type { Makeup } from "./makeup/schema.ts";
import { ServiceTimes } from "./makeup/service-time.ts";
import { Sessions } from "./makeup/sessions.ts";
import { Counts } from "./makeup/shares.ts";
import { bodyBytes } from "./body.ts";
import type { Profile, ProfileManifest, ProfileRecord } from "./record.ts";
import { dispersionCurve, keySeries, type ProfileSeries } from "./series/index.ts";
import type { WorkingSetCurve } from "./working-set.ts";

/** What a profile holds, in the figures that a person asks for first. */
export interface ProfileSummary extends Makeup {
  readonly manifest: ProfileManifest;
  /** How the keys that are touched grow with the requests. */
  readonly workingSet: WorkingSetCurve;
}

/**
 * Learns what traffic is made of from its records, told one by one in their order. What it takes
 * grows with the routes (1 to 60 kB each), the distinct keys (about 200 bytes and their text) and
 * the sessions (about 200 bytes), not with the requests.
 */
export class Description {
  readonly #arrivals = new Arrivals();
  readonly #keys = new Keys();
  readonly #routes = new Routes();
  readonly #methods = new Counts();
  readonly #statuses = new Counts();
  readonly #serviceTimes = new ServiceTimes();
  readonly #requestBytes = new Quantiles();
  readonly #responseBytes = new Quantiles();
  readonly #headers = new Headers();
  readonly #sessions = new Sessions();

  add(record: ProfileRecord): void {
    this.#arrivals.add(record.offsetNs);
    this.#keys.add(record);
    this.#routes.add(record);
    this.#methods.add(record.method);
    if (record.status !== undefined) this.#statuses.add(String(record.status));
    this.#serviceTimes.add(record.serviceTimeUs);
    if (record.body !== undefined) this.#requestBytes.record(bodyBytes(record));
    if (record.responseBytes !== undefined) this.#responseBytes.record(record.responseBytes);
    this.#headers.add(record);
    this.#sessions.add(record);
  }

  get workingSet(): WorkingSetCurve {
    return this.#keys.workingSet;
  }

  /** All that is drawn but the arrivals. */
  series(): Omit<ProfileSeries, "dispersionCurve"> {
    const { lengthsUs, requests } = this.#sessions.sizes();
    return {
      ...keySeries(this.#keys.times, this.#keys.distances, this.workingSet),
      serviceTimeUs: this.#serviceTimes.quantiles.curve(),
      requestBytes: this.#requestBytes.curve(),
      responseBytes: this.#responseBytes.curve(),
      sessionRequests: requests.curve(),
      sessionLengthUs: lengthsUs.curve(),
      thinkTimeUs: this.#sessions.thinkTimesUs.curve(),
    };
  }

  /** @param timePrecisionNs the resolution of the capture's clock */
  makeup(timePrecisionNs: number): Makeup {
    const arrivals = this.#arrivals.figures(timePrecisionNs);
    const routes = this.#routes.figures(arrivals.durationNs);
    return {
      ...arrivals,
      ...this.#keys.figures(),
      routeCount: routes.length,
      routes,
      methods: this.#methods.shares(arrivals.requestCount),
      statuses: this.#statuses.shares(arrivals.requestCount),
      ...this.#serviceTimes.figures(),
      requestBytes: this.#requestBytes.summary(),
      responseBytes: this.#responseBytes.summary(),
      ...this.#headers.figures(),
      ...this.#sessions.figures(),
    };
  }
}

/**
 * What records are made of, gone through once, in their order. See `Description` for the memory.
 * @param clock `timePrecisionNs`: the resolution of the capture's clock
 */
export function describeRecords(
  records: Iterable<ProfileRecord>,
  clock: { readonly timePrecisionNs: number },
): Makeup {
  return descriptionOf(records).makeup(clock.timePrecisionNs);
}

/** A profile in figures, and in the points that pictures of it are drawn from. */
export interface ProfilePicture {
  readonly summary: ProfileSummary;
  readonly series: ProfileSeries;
}

function descriptionOf(records: Iterable<ProfileRecord>): Description {
  const description = new Description();
  for (const record of records) description.add(record);
  return description;
}

const summaryOf = (manifest: ProfileManifest, description: Description): ProfileSummary => ({
  manifest,
  ...description.makeup(manifest.timePrecisionNs),
  workingSet: description.workingSet,
});

/** Summarises a profile. Pure; header names count records that carry them, not repetitions. */
export function describeProfile({ manifest, records }: Profile): ProfileSummary {
  return summaryOf(manifest, descriptionOf(records));
}

/** The summary of a profile, and what can be drawn of it. Pure. */
export function pictureProfile({ manifest, records }: Profile): ProfilePicture {
  const description = descriptionOf(records);
  return {
    summary: summaryOf(manifest, description),
    series: {
      ...description.series(),
      dispersionCurve: dispersionCurve(records, manifest.timePrecisionNs),
    },
  };
}

const ROUTES_KEPT = 100;
const NAMES_KEPT = 100;

/** A makeup that fits into a manifest's line: the first hundred routes and header names. */
export function compactMakeup(makeup: Makeup): Makeup {
  return {
    ...makeup,
    routes: makeup.routes.slice(0, ROUTES_KEPT),
    headerNames: makeup.headerNames.slice(0, NAMES_KEPT),
    statuses: makeup.statuses.slice(0, NAMES_KEPT),
  };
}
