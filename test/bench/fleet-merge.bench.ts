/*
 * What a coordinator does with the windows of many workers: decoding, checking and merging one second
 * of them, in the processor's time of one core, and how many bytes they are.
 *
 *     node test/bench/fleet-merge.bench.ts [workers] [starts a second of each]
 *
 * Each window has counts of two arms and, twice a second, a block of two arms; the rows of the spool,
 * which go to the disk as they are, are told apart. Messages are made ahead: only hearing is timed.
 */
import { seededPrng } from "../../src/core/index.ts";
import { decodeMessage, encodeMessage, type Entry } from "../../src/fleet/messages.ts";
import { ShardBook } from "../../src/fleet/shard-book.ts";
import { Histogram } from "../../src/measure/index.ts";
import { addCounts, emptyCounts } from "../../src/replay/index.ts";

const WORKERS = Number(process.argv[2] ?? 1_000);
const STARTS = Number(process.argv[3] ?? 1_000);
const ROUNDS = 3;
const ROW_BYTES = 40;
const ARMS = [0, 1];

const prng = seededPrng("fleet-merge");
const draw = (values: number) => {
  const histogram = new Histogram();
  for (let i = 0; i < values; i++) histogram.record(20_000 * Math.exp(0.5 * (prng() + prng() - 1)));
  return histogram.toCounts();
};

/** To draw them all anew would take minutes. */
const DRAWN = 32;
const drawn = new Map<number, ReturnType<typeof draw>[]>();
function countsOf(values: number) {
  const known = drawn.get(values) ?? Array.from({ length: DRAWN }, () => draw(values));
  drawn.set(values, known);
  return known[Math.floor(prng() * DRAWN)]!;
}

function windowOf(shard: number, n: number): Entry[] {
  const common = { stage: 0, planned: STARTS, failed: 0 };
  const counts = ARMS.map((arm) => ({
    ...common,
    arm,
    responses: STARTS,
    dropped: 0,
    responseTime: countsOf(STARTS),
    startLag: countsOf(STARTS),
  }));
  const blocks = ARMS.map((arm) => ({
    ...common,
    arm,
    block: 0,
    started: STARTS,
    censored: 0,
    good: [],
    responseTime: countsOf(STARTS / 2),
    serviceTime: countsOf(STARTS / 2),
  }));
  const from = { worker: `worker-${shard}`, shard, attempt: 1 };
  const told = { settledNs: 1e9, blocks };
  return [
    encodeMessage({ ...from, n }, { kind: "window", counts, pieces: [], clock: null }),
    encodeMessage({ ...from, n: n + 1 }, { kind: "blocks", told }),
    encodeMessage({ ...from, n: n + 2 }, { kind: "blocks", told }),
  ];
}

const book = new ShardBook(WORKERS);
const total = ARMS.map(() => emptyCounts());
function hear(entry: Entry): void {
  const { from, told } = decodeMessage(entry);
  if (!book.take(from, 0)) throw new Error("a message was refused");
  if (told.kind === "window") for (const each of told.counts) addCounts(total[each.arm]!, each);
}

const seconds: number[] = [];
let bytes = 0;
for (let round = 0; round < ROUNDS; round++) {
  const all = Array.from({ length: WORKERS }, (_, shard) => windowOf(shard, 3 * round)).flat();
  bytes = all.reduce((sum, each) => sum + each.words.length + each.bytes.length, 0);
  const before = process.cpuUsage();
  for (const entry of all) hear(entry);
  const { system, user } = process.cpuUsage(before);
  seconds.push((user + system) / 1e6);
}
const planned = total.reduce((sum, each) => sum + each.planned, 0);
if (planned !== ROUNDS * WORKERS * STARTS * ARMS.length) throw new Error("starts were lost");
const mid = seconds.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)]!;
const rows = WORKERS * STARTS * ARMS.length * ROW_BYTES;
process.stdout.write(
  `${WORKERS} workers of ${STARTS} starts/s: one second of windows takes ${mid.toFixed(3)} s of a core ` +
    `(${ROUNDS} rounds: ${seconds.map((each) => each.toFixed(3)).join(", ")})\n` +
    `${(bytes / WORKERS / 1e3).toFixed(1)} kB of counts a worker and second, ${(rows / 1e6).toFixed(1)} MB of rows in all\n` +
    `heap ${(process.memoryUsage().heapUsed / 1e6).toFixed(0)} MB\n`,
);
