/*
 * Verdicts on real processes: short runs of the storefront against itself, then against a build of
 * it whose pages are really sent later by a twentieth of their median.
 *
 *     node test/bench/live-verdicts.bench.ts [runs of each]
 *
 * Wants a machine that does nothing else: a run whose generator or emulator was late is a hold.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clopperPearson } from "../../src/stats/index.ts";
import { ROOT, shakedown } from "../e2e/cli.ts";

const runs = Number(process.argv[2] ?? 20);
const DELAY_RATIO = 0.05;
const scratch = mkdtempSync(join(tmpdir(), "shakedown-live-verdicts-"));
/** Below the project, so that the service finds the packages that it imports. */
const changed = join(ROOT, "scenarios/services/.live-verdicts");

interface Comparison {
  readonly role: string;
  readonly control: number;
  readonly effect: { readonly estimate: number; readonly low: number; readonly high: number };
}
interface Outcome {
  readonly decision: string;
  readonly reason: string;
  readonly comparisons: readonly Comparison[];
  readonly seconds: number;
}

const scenario = (variant: string): string => {
  const arm = (command: string): string =>
    `{ command: node ${command}, ready: /healthz, env: { CATALOG_CACHE_TTL_MS: "1" } }`;
  return `scenario: live verdicts
profile: ${join(ROOT, "profiles/storefront.ndjson.gz")}
rate: 60/s
arms:
  control: ${arm(join(ROOT, "scenarios/services/storefront.ts"))}
  variant: ${arm(variant)}
dependencies:
  payments: { latency: { kind: lognormal, median: 120ms, p99: 380ms } }
  catalog: { latency: { kind: lognormal, median: 60ms, p99: 200ms } }
  reviews: { latency: { kind: lognormal, median: 80ms, p99: 250ms }, errors: { ratio: 1%, status: 503 } }
hypothesis:
  if: the build is changed
  then: { metric: response_time_p50, changesBy: less-than, margin: 2% }
guardrails: [ { metric: error_ratio, margin: 1% } ]
stages:
  - { name: warm-up, rate: 100%, for: 6s, judge: false }
  - { name: everybody, rate: 100%, for: 20s, settle: 1s }
design: { betweenRunSd: 0.3% }
timeout: 5s
`;
};

/** A copy of the storefront that answers `delayMs` later. */
function changedBuild(delayMs: number): string {
  rmSync(changed, { recursive: true, force: true });
  mkdirSync(changed);
  cpSync(join(ROOT, "scenarios/services/storefront"), join(changed, "storefront"), {
    recursive: true,
  });
  const source = readFileSync(join(ROOT, "scenarios/services/storefront.ts"), "utf8");
  const send = ".then((page) => send(res, page))";
  if (!source.includes(send)) throw new Error("storefront.ts sends its pages another way now");
  const main = join(changed, "storefront.ts");
  writeFileSync(
    main,
    source.replace(
      send,
      `.then((page) => new Promise((done) => setTimeout(() => done(send(res, page)), ${delayMs})))`,
    ),
  );
  return main;
}

async function outcomeOf(file: string, seed: number): Promise<Outcome> {
  const startedMs = performance.now();
  const out = join(scratch, "runs");
  const said = await shakedown("run", file, "--json", "--seed", String(seed), "--out", out);
  rmSync(out, { recursive: true, force: true });
  const seconds = (performance.now() - startedMs) / 1e3;
  if (said.stdout === "") throw new Error(said.stderr);
  return { ...(JSON.parse(said.stdout) as Outcome), seconds };
}

const percent = (ratio: number): string => `${(100 * ratio).toFixed(2)} %`;

async function series(name: string, build: string, firstSeed: number): Promise<Outcome[]> {
  const file = join(scratch, "scenario.yaml");
  writeFileSync(file, scenario(build));
  const outcomes: Outcome[] = [];
  for (let run = 0; run < runs; run++) {
    // oxlint-disable-next-line no-await-in-loop -- two runs at once would be in each other's way
    const outcome = await outcomeOf(file, firstSeed + run);
    outcomes.push(outcome);
    const { effect } = outcome.comparisons.find(({ role }) => role === "primary")!;
    console.log(
      `${name} ${run + 1}: ${outcome.decision.padEnd(9)} p50 ${percent(effect.estimate)} ` +
        `[${percent(effect.low)}, ${percent(effect.high)}]  ${outcome.seconds.toFixed(0)} s  ${outcome.reason}`,
    );
  }
  return outcomes;
}

const primary = ({ comparisons }: Outcome): Comparison =>
  comparisons.find(({ role }) => role === "primary")!;
const share = (count: number): string => {
  const { low, high } = clopperPearson(count, runs, 0.95);
  return `${count} of ${runs} (95 %: ${percent(low)} to ${percent(high)})`;
};

try {
  const same = await series("a/a", join(ROOT, "scenarios/services/storefront.ts"), 1);
  const medians = same.map((outcome) => primary(outcome).control).toSorted((a, b) => a - b);
  const medianUs = medians[Math.floor(medians.length / 2)]!;
  const delayMs = Math.round((medianUs * DELAY_RATIO) / 1e3);
  console.log(
    `p50 ${(medianUs / 1e3).toFixed(1)} ms: the changed build answers ${delayMs} ms later`,
  );
  const later = await series("later", changedBuild(delayMs), 1_001);
  const rolledBack = ({ decision }: Outcome): boolean => decision === "roll-back";
  const holdsTruth = (outcome: Outcome): boolean => {
    const { low, high } = primary(outcome).effect;
    // A timer of whole milliseconds is up to one late.
    return low <= ((delayMs + 1) * 1e3) / medianUs && high >= (delayMs * 1e3) / medianUs;
  };
  const covers = same.filter((each) => {
    const { low, high } = primary(each).effect;
    return low <= 0 && high >= 0;
  }).length;
  console.log(
    `a/a: rolled back ${share(same.filter(rolledBack).length)}; interval holds 0: ${share(covers)}`,
  );
  console.log(
    `later: rolled back ${share(later.filter(rolledBack).length)}; interval holds the delay: ` +
      `${share(later.filter(holdsTruth).length)}; either: ` +
      share(later.filter((each) => rolledBack(each) || holdsTruth(each)).length),
  );
  console.log(
    `longest run: ${Math.max(...[...same, ...later].map(({ seconds }) => seconds)).toFixed(0)} s`,
  );
} finally {
  rmSync(changed, { recursive: true, force: true });
  rmSync(scratch, { recursive: true, force: true });
}
