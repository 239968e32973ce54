import { seededPrng } from "../../src/core/index.ts";
import type { HistoryRun, Result } from "../../src/report/index.ts";
import { gaussians } from "../stats/simulate.ts";
import { FIXTURES } from "./fixtures.ts";

const DAY_MS = 86_400_000;
const START_MS = Date.parse("2026-01-01T12:00:00.000Z");
/** Of each value, from run to run. */
export const RUN_SD = 0.02;

/** The commit of a run, told from its place. */
export const commitOf = (index: number): string =>
  Math.floor(seededPrng(`commit ${index}`)() * 2 ** 48)
    .toString(16)
    .padEnd(40, "0");

export interface FixtureRun {
  readonly scenario?: string;
  /** How many times as slow as the fixture the variant is. */
  readonly slower?: number;
  readonly host?: string;
  /** How many times as slow both arms are. */
  readonly hostSlower?: number;
  readonly commit?: string | null;
  readonly dirty?: boolean;
  readonly decision?: Result["decision"];
  readonly more?: Partial<Result["run"]>;
}

/** A run of the fixture that ships, on day `index` and with noise of its own. */
export function runAt(index: number, given: FixtureRun = {}, seed = "history"): HistoryRun {
  const { commit = commitOf(index), dirty = false, host = "a" } = given;
  const { decision = "ship", hostSlower = 1, more, scenario = "shop", slower = 1 } = given;
  const { result } = FIXTURES["ship"]!();
  const normal = gaussians(`${seed} ${scenario} ${index}`);
  const noise = (): number => Math.exp(RUN_SD * normal());
  const times = (value: number | null, factor: number): number | null =>
    value === null ? null : value * factor * noise();
  return {
    directory: `run-${String(index).padStart(3, "0")}-${scenario.slice(0, 8)}`,
    armsDiffer: [{ arm: "variant", setting: "env.POOL", control: "64", value: "4" }],
    delayed: false,
    result: {
      ...result,
      decision,
      run: {
        ...result.run,
        scenario,
        startedAt: new Date(START_MS + index * DAY_MS).toISOString(),
        ...(commit === null ? {} : { git: { commit, dirty } }),
        host: { ...result.run.host, fingerprint: host, description: `machine ${host}` },
        ...more,
      },
      comparisons: result.comparisons.map((row) => ({
        ...row,
        control: times(row.control, hostSlower),
        variant: times(row.variant, hostSlower * slower),
        effect: row.effect === null ? null : { ...row.effect, estimate: slower * noise() - 1 },
      })),
    },
  };
}
