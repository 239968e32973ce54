import { describe, expect, it } from "vitest";
import { NS_PER_S, type Prng, seededPrng } from "../../src/core/index.ts";
import { Capacity, capacitySchema } from "../../src/emulator/capacity/index.ts";
import { fitCapacity, type TimedCalls } from "../../src/stats/index.ts";
import { createVirtualTime } from "../../src/testing/index.ts";
import { normalFrom } from "./simulate.ts";

type Law = (prng: Prng) => number;
const exponential: Law = (prng) => -Math.log1p(-prng());
/** Service times with a mean of 1. */
const LAWS: Readonly<Record<string, Law>> = {
  exponential,
  lognormal: (prng) => Math.exp(0.6 * normalFrom(prng) - 0.18),
  constant: (prng) => 1 + 0.02 * (prng() - 0.5),
  bimodal: (prng) => (prng() < 0.8 ? 0.3 : 3.8) * (0.9 + 0.2 * prng()),
  pareto: (prng) => 0.4 * (1 - prng()) ** (-1 / 1.7),
};

interface Played {
  readonly law: Law;
  /** Of the servers' time, or of one call's where there is no bound. */
  readonly ratePerMean: number;
  readonly calls: number;
  readonly seed: string;
  /** How much the rate swings, as a share of it. */
  readonly swing?: number;
  readonly jitterUs?: number;
}

const MEAN_US = 10_000;

/** Calls of 10 ms on average to one of our own capacities, as their caller sees them. */
function play(written: object, played: Played): TimedCalls {
  const { calls, jitterUs = 0, law, ratePerMean, seed, swing = 0 } = played;
  const time = createVirtualTime();
  const capacity = new Capacity(capacitySchema.parse(written), time);
  const prng = seededPrng(seed);
  let nowNs = 0;
  const seen: { readonly atUs: number; readonly latencyUs: number }[] = [];
  for (let i = 0; i < calls; i++) {
    const swung = 1 + swing * Math.sin((nowNs / NS_PER_S / 20) * 2 * Math.PI);
    nowNs += (exponential(prng) * MEAN_US * 1e3) / ratePerMean / swung;
    time.advanceTo(nowNs);
    const [arriveNs, there, back] = [nowNs, prng() * jitterUs, prng() * jitterUs];
    const done = (doneNs: number): void => {
      const latencyUs = (doneNs - arriveNs) / 1e3 + there + back;
      seen.push({ atUs: arriveNs / 1e3 - there, latencyUs });
    };
    capacity.enter({ serviceUs: law(prng) * MEAN_US, arriveNs, luck: prng(), done });
  }
  time.runAll();
  seen.sort((a, b) => a.atUs - b.atUs);
  return {
    atUs: Float64Array.from(seen, ({ atUs }) => atUs),
    latencyUs: Float64Array.from(seen, ({ latencyUs }) => latencyUs),
  };
}

const UNBOUNDED = { servers: 1_000_000 };
const meanOf = (values: Float64Array): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe("capacity fit", () => {
  it.each(
    ["exponential", "lognormal", "constant"].flatMap((law) =>
      [1, 4, 16].map((servers) => [law, servers] as const),
    ),
  )("%s service times: %i busy servers are found, and what a call takes of one", (law, servers) => {
    for (const jitterUs of [0, 500]) {
      const calls = play(
        { servers },
        { law: LAWS[law]!, ratePerMean: 0.92 * servers, calls: 4_000, seed: law, jitterUs },
      );
      const fit = fitCapacity(calls)!;
      // There and back count as service, and blur who came and left first.
      const off = jitterUs === 0 ? { servers: 0, mean: 0.06 } : { servers: 0.1, mean: 0.25 };
      expect(Math.abs(fit.servers! / servers - 1)).toBeLessThanOrEqual(off.servers);
      expect(Math.abs(meanOf(fit.serviceTimesUs) / MEAN_US - 1)).toBeLessThan(off.mean);
    }
  });

  it.each(["bimodal", "pareto"])("%s service times: the servers are found to a tenth", (law) => {
    for (const servers of [4, 16]) {
      const fit = fitCapacity(
        play(
          { servers },
          { law: LAWS[law]!, ratePerMean: 0.92 * servers, calls: 6_000, seed: "s" },
        ),
      )!;
      expect(Math.abs(fit.servers! / servers - 1)).toBeLessThanOrEqual(0.1);
    }
  });

  it("without a bound none is told, whatever the law and however the load swings", () => {
    const told = Object.values(LAWS).flatMap((law) =>
      [0, 0.7].flatMap((swing) =>
        [3, 20].map((ratePerMean) => {
          const played = { law, ratePerMean, calls: 1_500, seed: `${swing} ${ratePerMean}`, swing };
          return fitCapacity(play(UNBOUNDED, played))!.servers;
        }),
      ),
    );
    expect(told.every((servers) => servers === null)).toBe(true);
  });

  it("a bound that is never reached is not told, nor one that others than a queue make", () => {
    const played = { law: LAWS["exponential"]!, calls: 4_000, seed: "other" };
    const light = fitCapacity(play({ servers: 16 }, { ...played, ratePerMean: 3 }))!;
    expect(light.servers).toBeNull();
    const [shared, ...others] = ["processor-sharing", "lifo", "random"].map((discipline) =>
      fitCapacity(play({ servers: 8, discipline }, { ...played, ratePerMean: 7.2 }))!,
    );
    expect(shared).toMatchObject({ servers: null, rises: true });
    for (const { servers } of others) expect(servers).toBeNull();
  });

  it("too few calls say nothing", () => {
    const played = { law: LAWS["exponential"]!, ratePerMean: 0.9, calls: 99, seed: "few" };
    expect(fitCapacity(play({ servers: 1 }, played))).toBeNull();
    expect(fitCapacity({ atUs: new Float64Array(0), latencyUs: new Float64Array(0) })).toBeNull();
  });
});
