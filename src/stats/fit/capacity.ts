/** One call: calls in flight when it arrived, itself included, and how long it took. */
export interface LoadedCall {
  readonly inFlight: number;
  readonly latencyUs: number;
}

export interface CapacityFit {
  readonly calls: number;
  /** Calls that are served at a time; null: latency does not rise with the load that was seen. */
  readonly servers: number | null;
  /** Mean latency of a call that does not wait. */
  readonly serviceTimeUs: number;
  /** By how much the BIC is lower than that of a latency that no load changes; 0 where it is not. */
  readonly bicGain: number;
}

const CALLS_MIN = 30;
/** Weight of evidence that is called strong. Source: Raftery 1995, table 6. */
const BIC_GAIN_MIN = 6;

interface Level {
  readonly inFlight: number;
  calls: number;
  sumUs: number;
}

function levelsOf(calls: readonly LoadedCall[]): Level[] {
  const levels = new Map<number, Level>();
  for (const { inFlight, latencyUs } of calls) {
    const level = levels.get(inFlight) ?? { inFlight, calls: 0, sumUs: 0 };
    levels.set(inFlight, level);
    level.calls++;
    level.sumUs += latencyUs;
  }
  return [...levels.values()].toSorted((a, b) => a.inFlight - b.inFlight);
}

const waitOf = (inFlight: number, servers: number): number => Math.max(1, inFlight / servers);

/** The likeliest service time under so many servers, and minus the log-likelihood per call. */
function under(levels: readonly Level[], count: number, servers: number) {
  let [sumUs, logs] = [0, 0];
  for (const level of levels) {
    const wait = waitOf(level.inFlight, servers);
    sumUs += level.sumUs / wait;
    logs += level.calls * Math.log(wait);
  }
  const serviceTimeUs = sumUs / count;
  return { servers, serviceTimeUs, deviance: Math.log(serviceTimeUs) + logs / count };
}

/**
 * Estimates how many calls a dependency serves at a time, and its mean service time, from what
 * was in flight and how long calls took. A call that finds n in flight, itself included, at c
 * servers takes S·max(1, n ÷ c) on average: n − c must end before it starts, at c ÷ S a second
 * (exact for exponential service times, first come first served). c is the likeliest whole number
 * (gamma quasi-likelihood), and is told only where a load that grows explains the latencies clearly
 * better than none does; null with fewer than 30 calls above 0 µs.
 *
 * Source: Kleinrock 1975, §3.5 (M/M/c); McCullagh & Nelder 1989, §8.3 and §9.2.
 */
export function fitCapacity(calls: readonly LoadedCall[]): CapacityFit | null {
  const usable = calls.filter(({ inFlight, latencyUs }) => inFlight >= 1 && latencyUs > 0);
  const count = usable.length;
  if (count < CALLS_MIN) return null;
  const levels = levelsOf(usable);
  const flat = under(levels, count, Infinity);
  // A count of servers above all that was seen is no other than none; between levels lie the rest.
  let best = flat;
  for (let servers = 1; servers < levels.at(-1)!.inFlight; servers++) {
    const next = under(levels, count, servers);
    if (next.deviance < best.deviance) best = next;
  }
  // How much latencies scatter about their mean (squared): 1 for exponential ones.
  const scatter =
    usable.reduce((sum, { inFlight, latencyUs }) => {
      const expected = best.serviceTimeUs * waitOf(inFlight, best.servers);
      return sum + (latencyUs / expected - 1) ** 2;
    }, 0) / count;
  const gained = (2 * count * (flat.deviance - best.deviance)) / Math.max(scatter, 1e-6);
  const bicGain = Math.max(gained - Math.log(count), 0);
  const told = best !== flat && bicGain >= BIC_GAIN_MIN ? best : flat;
  return {
    calls: count,
    servers: told === flat ? null : told.servers,
    serviceTimeUs: told.serviceTimeUs,
    bicGain,
  };
}
