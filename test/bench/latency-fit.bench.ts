/*
 * How near regenerated latencies come to captured ones: fit, write the fit as a profile has it, draw
 * 100,000 from the emulator's model of that, compare.
 *
 *   node test/bench/latency-fit.bench.ts [zipkin-v2-trace.json]
 *
 * The dependencies of a real trace (test/fixtures/zipkin-latencies.json, or a trace that is named)
 * with 30 latencies or more. Beside ours stand what a stand-in without a fit offers: one constant
 * (the mean), and one lognormal with the data's mean and standard deviation. The first table draws
 * from a fit of all latencies and compares with all of them; a p99.9 of so few is their maximum.
 * The second fits every other latency and compares with the rest: what a fit says of calls that it
 * has not seen, which two samples of this size can differ in by themselves (`halves`).
 */
import { readFileSync } from "node:fs";
import { keyedDraw } from "../../src/core/index.ts";
import { createLatencyModel, latencySchema } from "../../src/emulator/index.ts";
import type { AnsweredCall, LatencyModel } from "../../src/emulator/model.ts";
import { createWorlds } from "../../src/emulator/world.ts";
import { fitLatency, ksDistance, sampleQuantile, writtenLatency } from "../../src/stats/index.ts";

const DRAWS = 100_000;
const LATENCIES_MIN = 30;
const KS_MAX = 0.02;
const P999_MAX = 0.1;
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;

type Latencies = Readonly<Record<string, readonly number[]>>;
/** A GET that finds nobody else. */
const CALL: AnsweredCall = {
  method: "GET",
  path: "/",
  headers: {},
  requestBytes: 0,
  client: "127.0.0.1",
  nowNs: 0,
  inFlight: 1,
  ratePerSec: 0,
  status: 200,
  responseBytes: 0,
};
const WORLD = createWorlds("bench", {})("dependency");

interface Span {
  readonly id: string;
  readonly kind?: string;
  readonly duration?: number;
  readonly localEndpoint?: { readonly serviceName?: string };
  readonly remoteEndpoint?: { readonly serviceName?: string };
}

/** A shared span's server side has the client's id, and knows the name that the client may not. */
function latenciesOfTrace(path: string): Latencies {
  const spans = (JSON.parse(readFileSync(path, "utf8")) as (Span | Span[])[]).flat();
  const servers = new Map<string, string | undefined>();
  for (const { id, kind, localEndpoint } of spans) {
    if (kind === "SERVER" && !servers.has(id)) servers.set(id, localEndpoint?.serviceName);
  }
  const latencies: Record<string, number[]> = {};
  for (const { duration, id, kind, remoteEndpoint } of spans) {
    const service = remoteEndpoint?.serviceName ?? servers.get(id);
    if (kind !== "CLIENT" || duration === undefined || service === undefined) continue;
    (latencies[service] ??= []).push(duration);
  }
  return latencies;
}

function latenciesOfFixture(): Latencies {
  const path = new URL("../fixtures/zipkin-latencies.json", import.meta.url);
  return (JSON.parse(readFileSync(path, "utf8")) as { latenciesUs: Latencies }).latenciesUs;
}

const ascending = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);

/** Two-sample: the data's steps against the draws' distribution function, on both sides of each. */
function distance(sorted: readonly number[], drawn: Float64Array): number {
  const before = (us: number, orAt: boolean): number => {
    let [low, high] = [0, drawn.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (drawn[middle]! < us || (orAt && drawn[middle] === us)) low = middle + 1;
      else high = middle;
    }
    return low / drawn.length;
  };
  return ksDistance(
    sorted,
    (us) => before(us, true),
    (us) => before(us, false),
  );
}

function regenerate(model: LatencyModel): Float64Array {
  const drawn = new Float64Array(DRAWS);
  for (let i = 0; i < DRAWS; i++) drawn[i] = model.sampleUs(CALL, keyedDraw("bench", i));
  return drawn.toSorted();
}

/** The model of what a scenario writes. */
const modelOf = (written: unknown): LatencyModel =>
  createLatencyModel(latencySchema.parse(written), WORLD);

function ours(sorted: readonly number[]): { model: LatencyModel; kind: string } {
  const written = writtenLatency(fitLatency(sorted, { seed: "bench" })!);
  return { model: modelOf(written), kind: written.kind };
}

/** What a tool offers that does not look at the distribution. */
function peers(sorted: readonly number[]): Record<string, LatencyModel> {
  const mean = sorted.reduce((sum, us) => sum + us, 0) / sorted.length;
  const variance = sorted.reduce((sum, us) => sum + (us - mean) ** 2, 0) / sorted.length;
  const sigma = Math.sqrt(Math.log1p(variance / mean ** 2));
  const medianUs = mean / Math.exp(sigma ** 2 / 2);
  const us = (value: number): string => `${value.toFixed(3)}us`;
  return {
    constant: modelOf({ kind: "constant", value: us(mean) }),
    "lognormal by moments": modelOf({ kind: "lognormal", median: us(medianUs), sigma }),
  };
}

function compare(service: string, fitted: readonly number[], seen: readonly number[]): boolean {
  const { kind, model: regenerated } = ours(fitted);
  const all: [string, LatencyModel][] = [
    [`shakedown (${kind})`, regenerated],
    ...Object.entries(peers(fitted)),
  ];
  const errors = all.map(([name, each]) => {
    const drawn = regenerate(each);
    const ks = distance(seen, drawn);
    const p999 = drawn[Math.ceil(0.999 * DRAWS) - 1]! / sampleQuantile(seen, 0.999) - 1;
    say(
      `  ${service.padEnd(12)} n=${String(seen.length).padEnd(5)} ${name.padEnd(24)} KS ${percent(ks).padStart(8)}   p99.9 ${percent(p999).padStart(10)}`,
    );
    return { ks, p999 };
  });
  const [first] = errors;
  return first!.ks <= KS_MAX && Math.abs(first!.p999) <= P999_MAX;
}

const path = process.argv[2];
const latencies = Object.entries(
  path === undefined ? latenciesOfFixture() : latenciesOfTrace(path),
).filter(([, values]) => values.length >= LATENCIES_MIN);

say(`all latencies, ${DRAWS} draws from the fit of all:`);
const within = latencies.filter(([service, values]) => {
  const sorted = ascending(values);
  return compare(service, sorted, sorted);
});
say(
  `${within.length} of ${latencies.length} dependencies within ${percent(KS_MAX)} KS and ${percent(P999_MAX)} at p99.9\n`,
);

say("every other latency fitted, compared with the rest:");
for (const [service, values] of latencies) {
  const [even, odd] = [0, 1].map((rest) => ascending(values.filter((_, i) => i % 2 === rest)));
  compare(service, even!, odd!);
  const halves = distance(odd!, Float64Array.from(even!));
  say(`  ${service.padEnd(12)} halves differ by KS ${percent(halves)}`);
}
