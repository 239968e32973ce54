/*
 * How late deadlines are kept, and at what cost: the alarm thread beside setTimeout and beside a
 * setImmediate loop, one after another, 1,000 deadlines a second at random moments.
 *
 *     node test/bench/deadlines.bench.ts [seconds]
 */
import { createDeadlines, monotonicClock, seededPrng } from "../../src/core/index.ts";

const seconds = Number(process.argv[2] ?? 5);
const RATE_PER_SEC = 1_000;
const clock = monotonicClock(process.hrtime.bigint());

/** Calls `fire(i)` at each moment; resolves after the last. */
type Keep = (momentsNs: readonly number[], fire: (i: number) => void) => Promise<void>;

interface Figure {
  readonly p50Us: number;
  readonly p99Us: number;
}

async function measure(name: string, keep: Keep): Promise<Figure> {
  const prng = seededPrng("deadlines");
  const beginNs = clock.nowNs() + 50e6;
  const momentsNs: number[] = [];
  for (let atNs = 0; atNs < seconds * 1e9; atNs += (-Math.log(1 - prng()) / RATE_PER_SEC) * 1e9) {
    momentsNs.push(beginNs + atNs);
  }
  const offUs: number[] = [];
  const cpu = process.cpuUsage();
  await keep(momentsNs, (i) => offUs.push((clock.nowNs() - momentsNs[i]!) / 1e3));
  const { system, user } = process.cpuUsage(cpu);
  const sorted = offUs.map(Math.abs).toSorted((a, b) => a - b);
  const at = (p: number): number => sorted[Math.floor(sorted.length * p)] ?? Number.NaN;
  const earlyRatio = offUs.filter((off) => off < 0).length / offUs.length;
  const coreRatio = (user + system) / 1e6 / seconds;
  console.log(
    `${name.padEnd(14)} off by ${at(0.5).toFixed(0)} µs at p50, ${at(0.99).toFixed(0)} µs at p99; ` +
      `${(100 * earlyRatio).toFixed(0)} % early; ${(100 * coreRatio).toFixed(0)} % of a core`,
  );
  return { p50Us: at(0.5), p99Us: at(0.99) };
}

const alarm = await measure("alarm thread", async (momentsNs, fire) => {
  const deadlines = await createDeadlines(clock);
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const [i, atNs] of momentsNs.entries()) {
    deadlines.at(atNs, () => {
      fire(i);
      if (i === momentsNs.length - 1) resolve();
    });
  }
  await promise;
  await deadlines.close();
});

const timer = await measure("setTimeout", async (momentsNs, fire) => {
  const waits = momentsNs.map(
    (atNs, i) =>
      new Promise<void>((resolve) => {
        setTimeout(
          () => {
            fire(i);
            resolve();
          },
          (atNs - clock.nowNs()) / 1e6,
        );
      }),
  );
  await Promise.all(waits);
});

await measure("setImmediate", (momentsNs, fire) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let next = 0;
  const turn = (): void => {
    while (next < momentsNs.length && clock.nowNs() >= momentsNs[next]!) fire(next++);
    if (next === momentsNs.length) resolve();
    else setImmediate(turn);
  };
  turn();
  return promise;
});

const ratio = (of: keyof Figure): string => (alarm[of] / timer[of]).toFixed(2);
console.log(`alarm thread / setTimeout: ${ratio("p50Us")} at p50, ${ratio("p99Us")} at p99`);
