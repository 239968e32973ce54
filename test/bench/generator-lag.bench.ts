/*
 * How late starts are, as the ruler sees it from the other end of the wire: 20,000 requests a
 * second, evenly spaced, 64-byte answers, everything recorded; beside a bare timed loop that records
 * nothing, in turns. One core each for server and generator.
 *
 *     node test/bench/generator-lag.bench.ts [rate] [seconds] [rounds]
 */
import {
  type Arrivals,
  arrivalsOf,
  bareLoop,
  ourReplay,
  say,
  smallProfile,
  startRuler,
} from "./bed.ts";

const [rate = 20_000, seconds = 8, rounds = 3] = process.argv.slice(2).map(Number);

const line = (name: string, { achievedPerSec, maxUs, p50Us, p99Us }: Arrivals): string =>
  `${name.padEnd(22)} achieved ${(achievedPerSec / rate).toFixed(5)}; lag p50 ${p50Us.toFixed(0)} µs, ` +
  `p99 ${p99Us.toFixed(0)} µs, max ${(maxUs / 1e3).toFixed(1)} ms`;

say(`${rate}/s for ${seconds} s, as the ruler sees it`);
for (let round = 0; round < rounds; round++) {
  const bare = await startRuler();
  await bareLoop(bare.port, rate, seconds);
  const bareSeen = arrivalsOf(await bare.stop(), rate);
  say(line("bare loop", bareSeen));

  const ruler = await startRuler();
  const flags = ["--rate", `${rate}/s`, "--arrivals", "uniform", "--duration", `${seconds}s`];
  const pacing = ["--pacing", "spin", "--workers", "1", "--connections", "100"];
  const { result } = await ourReplay(smallProfile(), [
    "--target",
    ruler.origin,
    ...flags,
    ...pacing,
  ]);
  const seen = arrivalsOf(await ruler.stop(), rate);
  say(line("shakedown replay", seen));
  const { startLagUs } = result.arms["target"]!;
  say(
    `${"".padEnd(22)} says of itself: lag p50 ${startLagUs.p50} µs, p99 ${startLagUs.p99} µs; ` +
      `ratio to the bare loop: p50 ${(seen.p50Us / bareSeen.p50Us).toFixed(2)}, p99 ${(seen.p99Us / bareSeen.p99Us).toFixed(2)}`,
  );
}
