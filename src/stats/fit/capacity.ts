/** Calls in the order in which they were made. */
export interface TimedCalls {
  readonly atUs: Float64Array;
  readonly latencyUs: Float64Array;
}

export interface CapacityFit {
  readonly calls: number;
  /** Calls that are served at a time; null: not seen to be bounded. */
  readonly servers: number | null;
  /** What each call took of a server: its latency, less the wait for one. */
  readonly serviceTimesUs: Float64Array;
  /** Latency rises with what is in flight. */
  readonly rises: boolean;
  /** By how much likelier the servers make what was not fitted, in nats; 0 where they do not. */
  readonly heldOutGain: number;
}

const CALLS_MIN = 100;
const CALLS_MAX = 30_000;
const PARTS = 10;
/** Weight of evidence that is called strong. Source: Raftery 1995, table 6. */
const BIC_GAIN_MIN = 6;
/** Odds of 20 : 1, which are called strong evidence. Source: Kass & Raftery 1995, §3.2. */
const HELD_OUT_GAIN_MIN = 3;
/** A gain that is this small for each call is a law that is nearly right, such as a random queue's. */
const GAIN_PER_CALL_MIN = 0.01;
/** Every count of servers up to this is tried; beyond, counts about 3 % apart. */
const EVERY_UP_TO = 64;
/** Calls that are answered out of their turn, as networks and priorities have it. */
const OUT_OF_TURN = 0.01;
const LEAST_US = 1e-3;

/** Calls in flight at each start, itself included. */
export function inFlightOf({ atUs, latencyUs }: TimedCalls): Int32Array {
  const ends = atUs.map((us, i) => us + latencyUs[i]!).toSorted();
  let ended = 0;
  return Int32Array.from(atUs, (us, i) => {
    while (ended < i && ends[ended]! <= us) ended++;
    return i - ended + 1;
  });
}

/** Latency's mean by what is in flight: by a gamma quasi-likelihood, flat or like S·max(1, n ÷ c). */
function risesWith(latencyUs: Float64Array, inFlight: Int32Array, counts: readonly number[]) {
  const calls = latencyUs.length;
  const under = (servers: number): { readonly meanUs: number; readonly deviance: number } => {
    let [sumUs, logs] = [0, 0];
    for (let i = 0; i < calls; i++) {
      const wait = Math.max(1, inFlight[i]! / servers);
      sumUs += latencyUs[i]! / wait;
      logs += Math.log(wait);
    }
    return { meanUs: sumUs / calls, deviance: Math.log(sumUs / calls) + logs / calls };
  };
  const flat = under(Infinity);
  const best = counts
    .map((servers) => ({ servers, ...under(servers) }))
    .reduce((least, next) => (next.deviance < least.deviance ? next : least), {
      servers: Infinity,
      ...flat,
    });
  // How much latencies scatter about their mean (squared): 1 for exponential ones.
  let scatter = 0;
  for (let i = 0; i < calls; i++) {
    const expectedUs = best.meanUs * Math.max(1, inFlight[i]! / best.servers);
    scatter += (latencyUs[i]! / expectedUs - 1) ** 2 / calls;
  }
  const gained = (2 * calls * (flat.deviance - best.deviance)) / Math.max(scatter, 1e-6);
  return gained - Math.log(calls) >= BIC_GAIN_MIN;
}

/**
 * What each call took of one of `servers`, first come first served: the n-th begins when it comes,
 * or when n − c others have left. Negative where it left before its turn. Exact, whatever the law.
 */
function served({ atUs, latencyUs }: TimedCalls, ends: Float64Array, servers: number) {
  return latencyUs.map((us, i) => {
    const waitUs = i < servers ? 0 : Math.max(ends[i - servers]! - atUs[i]!, 0);
    return us - waitUs;
  });
}

/** A law of service times, by its log-density. */
type LogDensity = (us: number) => number;

/** The likelier of a lognormal and an exponential law of those that count and are above 0. */
function lawOf(timesUs: Float64Array, counts: (i: number) => boolean): LogDensity {
  let [n, sum, logs, squares] = [0, 0, 0, 0];
  for (let i = 0; i < timesUs.length; i++) {
    if (!counts(i) || timesUs[i]! < LEAST_US) continue;
    const log = Math.log(timesUs[i]!);
    n++;
    sum += timesUs[i]!;
    logs += log;
    squares += log * log;
  }
  const [mean, mu] = [sum / n, logs / n];
  const sigma = Math.sqrt(Math.max(squares / n - mu * mu, 1e-6));
  const lognormal: LogDensity = (us) => {
    const log = Math.log(us);
    return -log - Math.log(sigma * Math.sqrt(2 * Math.PI)) - ((log - mu) / sigma) ** 2 / 2;
  };
  const exponential: LogDensity = (us) => -Math.log(mean) - us / mean;
  const ofLognormal = -logs - n * Math.log(sigma * Math.sqrt(2 * Math.PI)) - n / 2;
  const ofExponential = -n * Math.log(mean) - n;
  return ofLognormal >= ofExponential ? lognormal : exponential;
}

/** The log-likelihood of departures, of which a few did not stand in the queue, whatever they took. */
function likelihoodOf(
  timesUs: Float64Array,
  { latencyUs, meanUs }: TimedCalls & { readonly meanUs: number },
  law: LogDensity,
  counts: (i: number) => boolean,
): number {
  let sum = 0;
  for (let i = 0; i < timesUs.length; i++) {
    if (!counts(i)) continue;
    const outside = (OUT_OF_TURN / meanUs) * Math.exp(-latencyUs[i]! / meanUs);
    const timeUs = timesUs[i]!;
    const inside = timeUs >= LEAST_US ? (1 - OUT_OF_TURN) * Math.exp(law(timeUs)) : 0;
    // Of what is far longer than all others both may round to nothing.
    sum += Math.log(Math.max(inside + outside, Number.MIN_VALUE));
  }
  return sum;
}

/** Counts of servers to try, below what was in flight at most. */
function countsBelow(most: number): number[] {
  const counts: number[] = [];
  for (
    let count = 1;
    count < most;
    count = count < EVERY_UP_TO ? count + 1 : Math.ceil(count * 1.03)
  ) {
    counts.push(count);
  }
  return counts;
}

/**
 * Estimates how many calls a dependency serves at a time, from when calls began and ended. Under c
 * servers, first come first served, what each call took of a server follows from these (`served`),
 * and so the likelihood of all departures, with service times of a lognormal or an exponential law.
 * c is the likeliest; it is told where latency rises with what is in flight (gamma quasi-likelihood,
 * BIC lower by 6 or more), and where the servers explain calls that they were not fitted to better
 * than none do (by 3 nats, and by 0.01 for each call). A dependency that shares its servers among
 * all calls, or that slows at times, is not told to have any. Null with fewer than 100 calls above
 * 0 µs; of more than 30,000 the first are looked at.
 *
 * Sources: Kleinrock 1975, §3.5 (M/M/c); McCullagh & Nelder 1989, §9.2; the recursion of waits is
 * that of Kiefer & Wolfowitz 1955, turned round.
 */
export function fitCapacity(given: TimedCalls): CapacityFit | null {
  const calls = Math.min(given.atUs.length, CALLS_MAX);
  const latencyUs = given.latencyUs.subarray(0, calls).map((us) => Math.max(us, LEAST_US));
  const meanUs = latencyUs.reduce((sum, us) => sum + us, 0) / calls;
  const timed = { atUs: given.atUs.subarray(0, calls), latencyUs, meanUs };
  if (given.latencyUs.reduce((count, us) => count + (us > 0 ? 1 : 0), 0) < CALLS_MIN) return null;
  const inFlight = inFlightOf(timed);
  const counts = countsBelow(inFlight.reduce((most, count) => Math.max(most, count), 1));
  const none = {
    calls,
    servers: null,
    serviceTimesUs: latencyUs,
    rises: risesWith(latencyUs, inFlight, counts),
    heldOutGain: 0,
  };
  if (!none.rises) return none;
  const ends = timed.atUs.map((us, i) => us + timed.latencyUs[i]!).toSorted();
  const times = counts.map((servers) => served(timed, ends, servers));
  const within = (parity: 0 | 1) => (i: number) => Math.floor((i * PARTS) / calls) % 2 === parity;
  const bestIn = (part: (i: number) => boolean): (typeof times)[number] => {
    const fits = times.map((one) => likelihoodOf(one, timed, lawOf(one, part), part));
    return times[fits.indexOf(Math.max(...fits))]!;
  };
  let gain = 0;
  for (const parity of [0, 1] as const) {
    const [fitted, other] = [within(parity), within(parity === 0 ? 1 : 0)];
    const best = bestIn(fitted);
    gain +=
      likelihoodOf(best, timed, lawOf(best, fitted), other) -
      likelihoodOf(latencyUs, timed, lawOf(latencyUs, fitted), other);
  }
  if (gain < Math.max(HELD_OUT_GAIN_MIN, GAIN_PER_CALL_MIN * calls)) return none;
  const best = bestIn(() => true);
  return {
    ...none,
    servers: counts[times.indexOf(best)]!,
    serviceTimesUs: best.map((us, i) => (us >= LEAST_US ? us : latencyUs[i]!)),
    heldOutGain: gain,
  };
}
