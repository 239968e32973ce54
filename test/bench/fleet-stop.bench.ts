/*
 * How soon a stop, as a gate orders it, has been carried out by every worker of a fleet: from the order
 * until the coordinator has heard that the last one sends no more, over a real Redis on loopback.
 *
 *     node test/bench/fleet-stop.bench.ts [workers] [rounds]
 *
 * The bar is 500 ms. Workers are threads' worth of this one process, so that they share its cores.
 */
import { loopbackTarget } from "../../src/testing/index.ts";
import { FleetBed, leadRun } from "../fleet/bed.ts";
import { TestRedis } from "../fleet/redis.ts";

const WORKERS = Number(process.argv[2] ?? 4);
const ROUNDS = Number(process.argv[3] ?? 10);
const BAR_MS = 500;

await using server = await TestRedis.start();
await using target = await loopbackTarget(() => ({ kind: "answer", body: "ok" }));
await using bed = new FleetBed(server.url);
for (let i = 0; i < WORKERS; i++) bed.work();

const tookMs: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const { record } = await leadRun(bed, {
    origin: target.origin,
    seconds: 60,
    workers: WORKERS,
    async during(load, merged) {
      await new Promise<void>((resolve) => (merged.onWindow = resolve));
      load.stop();
    },
  });
  tookMs.push(record.obeyedWithinMs ?? Number.POSITIVE_INFINITY);
}
const sorted = tookMs.toSorted((a, b) => a - b);
const [worst, mid] = [sorted.at(-1)!, sorted[Math.floor(ROUNDS / 2)]!];
process.stdout.write(
  `${WORKERS} workers, ${ROUNDS} stops: in effect everywhere after ${mid.toFixed(1)} ms at the median, ` +
    `${worst.toFixed(1)} ms at worst (bar ${BAR_MS} ms)\n`,
);
process.exitCode = worst <= BAR_MS ? 0 : 1;
