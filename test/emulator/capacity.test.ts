import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NS_PER_S, type Prng, seededPrng } from "../../src/core/index.ts";
import { Capacity, capacitySchema, type CapacitySpec } from "../../src/emulator/capacity/index.ts";
import { tQuantile } from "../../src/stats/distributions.ts";
import { createVirtualTime } from "../../src/testing/index.ts";

const spec = (written: object): CapacitySpec => capacitySchema.parse(written);

interface Load {
  readonly ratePerSec: number;
  readonly serviceS: (prng: Prng) => number;
  readonly calls: number;
  readonly seed: string;
}

interface Played {
  /** Seconds from arrival to the end, and of them before the service; of those that got in. */
  readonly staysS: number[];
  readonly waitsS: number[];
  readonly refused: number;
}

const exponential =
  (meanS: number) =>
  (prng: Prng): number =>
    -Math.log(1 - prng()) * meanS;

/** Poisson arrivals into a capacity, on a virtual clock. */
function play(capacity: CapacitySpec, { calls, ratePerSec, seed, serviceS }: Load): Played {
  const time = createVirtualTime();
  const servers = new Capacity(capacity, time);
  const prng = seededPrng(seed);
  const played = { staysS: [] as number[], waitsS: [] as number[], refused: 0 };
  const warmUp = calls / 5;
  let arriveNs = 0;
  for (let i = 0; i < calls + warmUp; i++) {
    arriveNs += exponential(1 / ratePerSec)(prng) * NS_PER_S;
    const [serviceUs, luck] = [serviceS(prng) * 1e6, prng()];
    const counts = i >= warmUp;
    const beganNs = arriveNs;
    time.advanceTo(beganNs);
    const ticket = servers.enter({
      serviceUs,
      arriveNs: beganNs,
      luck,
      done: (doneNs, queuedUs) => {
        if (!counts) return;
        played.staysS.push((doneNs - beganNs) / NS_PER_S);
        played.waitsS.push(queuedUs / 1e6);
      },
    });
    if (ticket === null && counts) played.refused++;
  }
  time.runAll();
  return played;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const REPLICATIONS = 24;
const T_99 = tQuantile(0.995, REPLICATIONS - 1);

/**
 * How far a figure's mean over independent replications is off, in halves of its 99 % interval (which
 * is honest whatever the correlation within each), and how wide half of that is, as a share of what
 * is wanted: a wide one would say nothing.
 */
function meanOf(
  of: (played: Played) => number,
  wanted: number,
  capacity: CapacitySpec,
  load: Omit<Load, "seed">,
): { readonly off: number; readonly width: number } {
  const figures = Array.from({ length: REPLICATIONS }, (_, index) =>
    of(play(capacity, { ...load, seed: `capacity/${index}` })),
  );
  const centre = mean(figures);
  const variance =
    figures.reduce((sum, figure) => sum + (figure - centre) ** 2, 0) / (REPLICATIONS - 1);
  const halfWidth = T_99 * Math.sqrt(variance / REPLICATIONS);
  return { off: Math.abs(centre - wanted) / halfWidth, width: halfWidth / wanted };
}

const meanWait = ({ waitsS }: Played): number => mean(waitsS);
const meanStay = ({ staysS }: Played): number => mean(staysS);

/** Erlang B by its recursion: the share of calls that find all of c servers busy and leave. */
function erlangB(servers: number, offered: number): number {
  let blocked = 1;
  for (let c = 1; c <= servers; c++) blocked = (offered * blocked) / (c + offered * blocked);
  return blocked;
}

/** Erlang C: the share of calls that wait. */
function erlangC(servers: number, offered: number): number {
  const b = erlangB(servers, offered);
  return (servers * b) / (servers - offered * (1 - b));
}

describe("capacity, against queueing theory", () => {
  const calls = 4_000;

  it.each(["fifo", "lifo", "random"])("M/M/1, %s: the mean wait is ρ / (μ − λ)", (discipline) => {
    const [lambda, mu] = [60, 100];
    const load = { ratePerSec: lambda, serviceS: exponential(1 / mu), calls };
    const wanted = lambda / mu / (mu - lambda);
    const figure = meanOf(meanWait, wanted, spec({ servers: 1, discipline }), load);
    expect(figure.off).toBeLessThan(1);
    expect(figure.width).toBeLessThan(0.15);
  });

  it("M/M/1: a stay of more than −ln(1 − p) / (μ − λ) is as rare as 1 − p", () => {
    const [lambda, mu] = [60, 100];
    const load = { ratePerSec: lambda, serviceS: exponential(1 / mu), calls };
    for (const p of [0.5, 0.9]) {
      const quantileS = -Math.log(1 - p) / (mu - lambda);
      const share = ({ staysS }: Played): number =>
        staysS.filter((stayS) => stayS <= quantileS).length / staysS.length;
      const figure = meanOf(share, p, spec({ servers: 1 }), load);
      expect(figure.off).toBeLessThan(1);
      expect(figure.width).toBeLessThan(0.15);
    }
  });

  it("M/D/1: the mean wait is ρ / (2 μ (1 − ρ))", () => {
    const [lambda, mu] = [60, 100];
    const rho = lambda / mu;
    const load = { ratePerSec: lambda, serviceS: () => 1 / mu, calls };
    const figure = meanOf(meanWait, rho / (2 * mu * (1 - rho)), spec({ servers: 1 }), load);
    expect(figure.off).toBeLessThan(1);
    expect(figure.width).toBeLessThan(0.15);
  });

  it("M/M/c: the mean wait is Erlang's C / (c μ − λ)", () => {
    const [lambda, mu, servers] = [330, 100, 5];
    const load = { ratePerSec: lambda, serviceS: exponential(1 / mu), calls };
    const wanted = erlangC(servers, lambda / mu) / (servers * mu - lambda);
    const figure = meanOf(meanWait, wanted, spec({ servers }), load);
    expect(figure.off).toBeLessThan(1);
    expect(figure.width).toBeLessThan(0.15);
  });

  it("M/M/c/c: the share that finds no place is Erlang's B", () => {
    const [lambda, mu, servers] = [400, 100, 5];
    const load = { ratePerSec: lambda, serviceS: exponential(1 / mu), calls };
    const lost = ({ refused, staysS }: Played): number => refused / (refused + staysS.length);
    const figure = meanOf(lost, erlangB(servers, lambda / mu), spec({ servers, queue: 0 }), load);
    expect(figure.off).toBeLessThan(1);
    expect(figure.width).toBeLessThan(0.15);
  });

  // One call in five takes nine times as long as the others.
  const mixed = (prng: Prng): number => (prng() < 0.2 ? 0.018 : 0.002);
  const [meanS, squareS] = [0.2 * 0.018 + 0.8 * 0.002, 0.2 * 0.018 ** 2 + 0.8 * 0.002 ** 2];

  it("M/G/1: the mean wait is Pollaczek's and Khinchine's λ E[S²] / (2 (1 − ρ))", () => {
    const lambda = 110;
    const load = { ratePerSec: lambda, serviceS: mixed, calls };
    const wanted = (lambda * squareS) / (2 * (1 - lambda * meanS));
    const figure = meanOf(meanWait, wanted, spec({ servers: 1 }), load);
    expect(figure.off).toBeLessThan(1);
    expect(figure.width).toBeLessThan(0.15);
  });

  it("M/G/1 with processor sharing: the mean stay is E[S] / (1 − ρ), whatever the service", () => {
    const lambda = 110;
    const load = { ratePerSec: lambda, serviceS: mixed, calls };
    const shared = spec({ servers: 1, discipline: "processor-sharing" });
    const figure = meanOf(meanStay, meanS / (1 - lambda * meanS), shared, load);
    expect(figure.off).toBeLessThan(1);
    expect(figure.width).toBeLessThan(0.15);
  });
});

describe("capacity", () => {
  const disciplines = fc.constantFrom("fifo", "lifo", "random", "processor-sharing");
  const works = fc.array(
    fc.record({
      gapUs: fc.integer({ min: 0, max: 3_000 }),
      serviceUs: fc.integer({ min: 0, max: 5_000 }),
      leavesAfterUs: fc.option(fc.integer({ min: 0, max: 6_000 })),
    }),
    { maxLength: 40 },
  );

  it("whatever comes and goes: nobody is served before coming, forgotten, or served beyond the servers", () => {
    const servers = fc.integer({ min: 1, max: 4 });
    const queue = fc.integer({ min: 0, max: 5 });
    fc.assert(
      fc.property(
        disciplines,
        servers,
        queue,
        fc.boolean(),
        works,
        (discipline, c, k, keep, all) => {
          const time = createVirtualTime();
          const abandoned = keep ? "keep" : "drop";
          const capacity = new Capacity(
            spec({ servers: c, queue: k, discipline, abandoned }),
            time,
          );
          let [arriveNs, refused, done, left, workNs] = [0, 0, 0, 0, 0];
          for (const { gapUs, leavesAfterUs, serviceUs } of all) {
            arriveNs += gapUs * 1e3;
            time.advanceTo(arriveNs);
            const beganNs = arriveNs;
            let over = false;
            const ticket = capacity.enter({
              serviceUs,
              arriveNs: beganNs,
              luck: 0.5,
              done: (doneNs, queuedUs) => {
                over = true;
                done++;
                workNs += serviceUs * 1e3;
                expect(doneNs - beganNs).toBeGreaterThanOrEqual(serviceUs * 1e3 - 1e-3);
                expect(queuedUs).toBeGreaterThanOrEqual(0);
              },
            });
            if (ticket === null) refused++;
            else if (leavesAfterUs !== null) {
              time.deadlines.at(beganNs + leavesAfterUs * 1e3, () => {
                if (over) return;
                left++;
                ticket.leave();
              });
            }
            const inService = discipline === "processor-sharing" ? c + k : c;
            expect(capacity.serving).toBeLessThanOrEqual(inService);
            expect(capacity.waiting).toBeLessThanOrEqual(k);
          }
          time.runAll();
          expect([capacity.serving, capacity.waiting]).toEqual([0, 0]);
          expect(done + refused + left).toBe(all.length);
          // No server does more than one thing at a time.
          expect(time.clock.nowNs() * c + 1).toBeGreaterThanOrEqual(workNs);
        },
      ),
    );
  });

  it("a late timer makes nobody later than itself, and turns nobody away", () => {
    const time = createVirtualTime();
    const capacity = new Capacity(spec({ servers: 1, queue: 1 }), time);
    const ends: number[] = [];
    const enter = () =>
      capacity.enter({
        serviceUs: 1_000,
        arriveNs: time.clock.nowNs(),
        luck: 0.5,
        done: (doneNs) => ends.push(doneNs),
      });
    enter();
    enter();
    // The process is busy past both ends; the third finds the servers free as they should be.
    time.stall(2.5e6);
    expect(enter()).not.toBeNull();
    time.runAll();
    expect(ends).toEqual([1e6, 2e6, 3.5e6]);
  });

  it("what a caller leaves behind holds its server, or frees it, as told", () => {
    for (const [abandoned, secondNs] of [
      ["keep", 2e6],
      ["drop", 1.25e6],
    ] as const) {
      const time = createVirtualTime();
      const capacity = new Capacity(spec({ servers: 1, abandoned }), time);
      const ends: number[] = [];
      const work = { serviceUs: 1_000, arriveNs: 0, luck: 0.5 };
      const first = capacity.enter({ ...work, done: () => ends.push(-1) });
      capacity.enter({ ...work, done: (doneNs) => ends.push(doneNs) });
      time.advanceTo(0.25e6);
      first?.leave();
      time.runAll();
      expect(ends).toEqual([secondNs]);
    }
  });

  it("a random queue serves each of those that wait as often", () => {
    const prng = seededPrng("random queue");
    const positions = [0, 0, 0, 0];
    for (let round = 0; round < 4_000; round++) {
      const time = createVirtualTime();
      const capacity = new Capacity(spec({ servers: 1, discipline: "random" }), time);
      let second: number | undefined;
      for (let i = 0; i < 5; i++) {
        const done = (): void => void (i > 0 && (second ??= i));
        capacity.enter({ serviceUs: 10, arriveNs: 0, luck: prng(), done });
      }
      time.runAll();
      positions[second! - 1]!++;
    }
    // 5 standard deviations of a binomial share.
    for (const count of positions) expect(Math.abs(count - 1_000)).toBeLessThan(5 * 28);
  });
});
