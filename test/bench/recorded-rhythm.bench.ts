/*
 * A recorded rhythm, as the ruler sees it: the arrivals of a production trace (Azure's LLM
 * inference trace, `code`), replayed twenty times as fast. The index of dispersion of counts in one
 * second of the capture's own time is compared with the capture's; beside it, a Poisson process of
 * the same mean rate.
 *
 *     node test/bench/recorded-rhythm.bench.ts [speed]
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { NS_PER_S, seededPrng } from "../../src/core/index.ts";
import { poissonSchedule } from "../../src/schedule/index.ts";
import { indexOfDispersion } from "../../src/stats/index.ts";
import { azureCodeOffsetsNs } from "../schedule/azure-code.ts";
import { ourReplay, say, scratch, startRuler } from "./bed.ts";

const [speed = 20] = process.argv.slice(2).map(Number);

/** The arrivals as a GoReplay file. */
function goreplay(offsetsNs: readonly number[]): string {
  const separator = "\n🐵🙈🙉\n";
  const records = offsetsNs.map((offsetNs, i) => {
    const id = i.toString(16).padStart(24, "0");
    const atNs = 1_700_000_000_000_000_000n + BigInt(Math.round(offsetNs));
    return `1 ${id} ${atNs} 0\nGET /code/${i % 50} HTTP/1.1\r\nHost: llm\r\n\r\n${separator}`;
  });
  const path = join(scratch, "azure-code.gor");
  writeFileSync(path, records.join(""));
  return path;
}

const offsetsNs = azureCodeOffsetsNs();
const lastNs = offsetsNs.at(-1) ?? 0;
const captured = indexOfDispersion(offsetsNs, NS_PER_S, lastNs);
say(
  `${offsetsNs.length} arrivals in ${(lastNs / NS_PER_S).toFixed(0)} s, at ${speed} ×; dispersion at 1 s: ${captured.toFixed(2)}`,
);

const profile = goreplay(offsetsNs);
async function seen(args: readonly string[]): Promise<number> {
  const ruler = await startRuler();
  await ourReplay(profile, ["--target", ruler.origin, ...args]);
  const stamps = await ruler.stop();
  const own = Array.from(stamps, (atNs) => (atNs - stamps[0]!) * speed);
  return indexOfDispersion(own, NS_PER_S, lastNs);
}
const replayed = await seen(["--speed", String(speed)]);
say(`replayed:  ${replayed.toFixed(2)} (ratio ${(replayed / captured).toFixed(3)})`);
const perSec = offsetsNs.length / (lastNs / NS_PER_S);
const peer = poissonSchedule(perSec, lastNs).intendedStartsNs(seededPrng("peer"), 0);
const poisson = indexOfDispersion(peer, NS_PER_S, lastNs);
say(
  `a Poisson process of the same rate: ${poisson.toFixed(2)} (ratio ${(poisson / captured).toFixed(3)})`,
);

// A capture out of order: 1,000 requests over 1.5 s.
const shuffled = Array.from(
  { length: 1_000 },
  (_, i) => (((i * 619) % 1_000) * 1.5 * NS_PER_S) / 1_000,
);
const ruler = await startRuler();
const before = goreplay(shuffled);
await ourReplay(before, ["--target", ruler.origin]);
const stamps = await ruler.stop();
const tookS = (stamps.at(-1)! - stamps[0]!) / NS_PER_S;
say(
  `an out-of-order .gor of 1,000 requests over 1.4985 s: ${stamps.length} seen over ${tookS.toFixed(4)} s`,
);
