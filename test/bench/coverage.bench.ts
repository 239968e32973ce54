/*
 * How often the paired-block interval of a quantile holds the true effect, and how often the formula
 * for independent requests does, on the same A/A runs.
 *
 *   node test/bench/coverage.bench.ts
 *
 * The design of the vector sim-paired-coverage: 60 blocks of 200 requests, a block effect that both
 * arms share (SD 0.20 of ln latency), one of each arm's own (0.05), and the requests' (0.5). Exits
 * with 1 when a paired interval covers less than 93 or more than 97 of 100, beyond what chance gives
 * that many runs.
 */
import { pairedCoverage } from "../stats/vectors/paired-coverage.ts";

const QUANTILES = [0.5, 0.95, 0.99];
const REPS = 300;
const CHANCE = 2.576 * Math.sqrt((0.95 * 0.05) / REPS);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const found = pairedCoverage["sim-paired-coverage"]!({ p: QUANTILES }) as Readonly<
  Record<string, readonly number[]>
>;
say(`| quantile | paired blocks | independent requests | unpaired blocks |`);
say("| --- | --- | --- | --- |");
for (const [i, p] of QUANTILES.entries()) {
  const cells = ["paired_linearised", "iid", "unpaired_cluster"].map((name) =>
    percent(found[`coverage_${name}`]![i]!),
  );
  say(`| p${100 * p} | ${cells.join(" | ")} |`);
  const covered = found.coverage_paired_linearised![i]!;
  if (covered < 0.93 - CHANCE || covered > 0.97 + CHANCE) process.exitCode = 1;
}
