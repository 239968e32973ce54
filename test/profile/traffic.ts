import { seededPrng } from "../../src/core/index.ts";
import type { Profile, ProfileRecord } from "../../src/profile/index.ts";

/** What a simulated shop's traffic is like. */
export interface Traffic {
  readonly durationS: number;
  readonly sessionsPerSec: number;
  /** Of the time, bursts in which so many times more sessions begin. */
  readonly burst: number;
  readonly requestsPerSession: number;
  readonly thinkS: number;
  readonly zipf: number;
  readonly catalogue: number;
  /** Keys are numbered from here: another number is another catalogue. */
  readonly firstKey: number;
  readonly checkoutShare: number;
  readonly serviceMs: number;
  /** Of the requests, those that take ten times as long. */
  readonly slowShare: number;
  readonly responseBytes: number;
  readonly errorShare: number;
  readonly apiShare: number;
}

export const TRAFFIC: Traffic = {
  durationS: 600,
  sessionsPerSec: 0.8,
  burst: 3,
  requestsPerSession: 5,
  thinkS: 3,
  zipf: 1,
  catalogue: 300,
  firstKey: 0,
  checkoutShare: 0.15,
  serviceMs: 20,
  slowShare: 0.02,
  responseBytes: 8_000,
  errorShare: 0.02,
  apiShare: 0.2,
};

const exponential = (prng: () => number, mean: number): number => -mean * Math.log(1 - prng());
const normal = (prng: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - prng())) * Math.cos(2 * Math.PI * prng());

/** Draws ranks from 0 with f(r) ∝ (r + 1)^−exponent. */
function zipfRanks(prng: () => number, exponent: number, count: number): () => number {
  let total = 0;
  const sums = Float64Array.from({ length: count }, (_, r) => (total += (r + 1) ** -exponent));
  return () => {
    const drawn = prng() * total;
    return sums.findIndex((bound) => bound > drawn);
  };
}

const BROWSER: readonly [string, string][] = [
  ["accept", "text/html"],
  ["user-agent", "Mozilla"],
];
const API: readonly [string, string][] = [
  ["accept", "application/json"],
  ["authorization", "Bearer x"],
];

/**
 * A shop's traffic: sessions begin in bursts, ask with pauses, for products of a Zipf law; a
 * session has one client, one mood (fast or slow), and asks for what it asked for before.
 */
export function shopProfile(seed: string, changes: Partial<Traffic> = {}): Profile {
  const traffic = { ...TRAFFIC, ...changes };
  const prng = seededPrng(seed);
  const rank = zipfRanks(prng, traffic.zipf, traffic.catalogue);
  const records: ProfileRecord[] = [];
  let bursting = false;
  let turnsAtS = 0;
  const perSec = traffic.sessionsPerSec / (1 + (traffic.burst - 1) * 0.25);
  for (let atS = 0, session = 0; atS < traffic.durationS; session++) {
    while (atS >= turnsAtS) {
      bursting = !bursting;
      turnsAtS += exponential(prng, bursting ? 3 : 9);
    }
    addSession(records, { traffic, prng, rank, atS, session });
    atS += exponential(prng, 1 / (bursting ? traffic.burst * perSec : perSec));
  }
  const inTime = records
    .filter(({ offsetNs }) => offsetNs < traffic.durationS * 1e9)
    .toSorted((a, b) => a.offsetNs - b.offsetNs);
  const firstNs = inTime[0]?.offsetNs ?? 0;
  return profileOf(inTime.map((record) => ({ ...record, offsetNs: record.offsetNs - firstNs })));
}

interface Sitting {
  readonly traffic: Traffic;
  readonly prng: () => number;
  readonly rank: () => number;
  readonly atS: number;
  readonly session: number;
}

function addSession(
  records: ProfileRecord[],
  { atS, prng, rank, session, traffic }: Sitting,
): void {
  const mood = Math.exp(0.4 * normal(prng));
  const isApi = prng() < traffic.apiShare;
  let key = rank();
  const requests = 1 + Math.floor(exponential(prng, traffic.requestsPerSession - 0.5));
  for (let i = 0, nowS = atS; i < requests; i++) {
    if (prng() < 0.6) key = rank();
    const isCheckout = prng() < traffic.checkoutShare;
    const slow = prng() < traffic.slowShare ? 10 : 1;
    const serviceTimeUs = 1e3 * traffic.serviceMs * mood * slow * Math.exp(0.3 * normal(prng));
    const id = traffic.firstKey + key;
    records.push({
      offsetNs: Math.round(nowS * 1e9),
      method: isCheckout ? "POST" : "GET",
      path: isCheckout ? "/checkout" : `/products/${id}`,
      route: isCheckout ? "POST /checkout" : "GET /products/{id}",
      headers: (isApi ? API : BROWSER).map(([name, value]) => [name, value]),
      status: prng() < traffic.errorShare ? 500 : 200,
      serviceTimeUs: Math.round(serviceTimeUs),
      responseBytes: Math.round(traffic.responseBytes * Math.exp(0.5 * normal(prng))),
      session: `s${session}`,
    });
    nowS += serviceTimeUs / 1e6 + exponential(prng, traffic.thinkS);
  }
}

/** A profile of these records, in their order. */
export function profileOf(records: readonly ProfileRecord[], timePrecisionNs = 1): Profile {
  return {
    records,
    manifest: {
      shakedownProfile: 1,
      name: "t",
      source: [],
      provenance: { madeBy: "a test" },
      timePrecisionNs,
      durationNs: records.at(-1)?.offsetNs ?? 0,
      counts: { records: records.length, routes: 1, sessions: 0, bodies: 0 },
      ledger: { records: records.length, kept: records.length, filtered: 0, rejected: [] },
      redaction: { enabled: true, values: [] },
      warnings: [],
    },
  };
}
