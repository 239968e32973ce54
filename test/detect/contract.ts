import { describe, expect, it } from "vitest";
import { detectAll, type Detector, type Evidence, type Finding } from "../../src/detect/index.ts";
import { seedsOf } from "./seeds.ts";
import type { World } from "./service.ts";

/** Evidence of one kind, made anew for every world. */
export type Scene = (world: World) => Evidence;

/** What a detector of the family is held to. */
export interface DetectorContract {
  readonly detector: Detector;
  /** The same healthy build in both arms, each with its own noise. */
  readonly healthy: Scene;
  /** Control is well, the variant has it. */
  readonly sick: Scene;
  /** Both have as much of it. */
  readonly both: Scene;
  /** As slow, or as odd, for another reason. */
  readonly lookAlikes: Readonly<Record<string, Scene>>;
  readonly cause: RegExp;
  /** How large it is in truth, and by how much of that the named size may be off: 0 is exactly; null: any. */
  readonly size: {
    readonly value: number | ((world: World) => number);
    readonly within: number;
  } | null;
  /** Whether it can be named where the target passes no identity on; `unsized`: without its size. */
  readonly byRates: boolean | "unsized";
  /** Multiples of the profile's rate at which it is there; all three when left out. */
  readonly rates?: readonly World["rate"][];
}

const HEALTHY_SEEDS = 200;
const SICK_SEEDS = { 1: 20, 3: 6, 10: 2 } as const;

/** Whether a finding names the sickness, its cause and, as nearly as is asked, its size. */
export function isNamed(finding: Finding, contract: DetectorContract, world: World): boolean {
  const { byRates, cause, size } = contract;
  if (finding.status !== "fail" || !cause.test(finding.cause ?? "")) return false;
  if (size === null || (byRates === "unsized" && !world.identity)) return true;
  const value = typeof size.value === "number" ? size.value : size.value(world);
  const off = Math.abs((finding.size?.value ?? Number.NaN) - value);
  return off <= size.within * value;
}

/** As of a control from before the change that passes `traceparent` on. */
function withNamelessControl(evidence: Evidence): Evidence {
  const calls = new Map(
    evidence.dependencies.map((_, dependency) => [
      dependency,
      evidence.calls(0, dependency).map((call) => ({ ...call, seq: -1, attempt: 1 })),
    ]),
  );
  return {
    ...evidence,
    calls: (arm, dependency) =>
      arm === 0 ? calls.get(dependency)! : evidence.calls(arm, dependency),
    joinedBy: (arm, dependency) => (arm === 0 ? "rates" : evidence.joinedBy(arm, dependency)),
    callsOf: (arm, seq) => (arm === 0 ? [] : evidence.callsOf(arm, seq)),
  };
}

const isAlarm = ({ status }: Finding): boolean => status === "fail";

/** The family's contract: every detector's own test calls it. */
export function detectorContract(name: string, contract: DetectorContract): void {
  const { detector } = contract;
  const judge = (evidence: Evidence): Finding[] => detectAll(evidence, [detector]);

  describe(`${name}: the family's contract`, () => {
    it("a crash is inconclusive; nothing seen, and nothing judged, is no finding that fails", () => {
      const world: World = { seed: "nothing", rate: 1, identity: true };
      const evidence = contract.sick(world);
      const unjudged = {
        ...evidence,
        stages: evidence.stages.map((s) => ({ ...s, judged: false })),
      };
      const short = evidence.stages.map((s) => ({ ...s, toNs: s.fromNs + 5e7 }));
      const silent = { requests: () => [], calls: () => [], callsOf: () => [] };
      for (const poor of [unjudged, { ...evidence, ...silent }, { ...evidence, stages: short }]) {
        const findings = judge(poor);
        expect(findings.filter(isAlarm)).toEqual([]);
        expect(JSON.stringify(findings)).not.toMatch(/NaN|Infinity|undefined/);
      }
      const broken = () => {
        throw new Error("out of luck");
      };
      const [crashed] = judge({ ...evidence, calls: broken, requests: broken });
      expect(crashed?.status).toBe("inconclusive");
    });

    it(`two healthy arms, each with its own noise, fail in no more than 5 % of ${HEALTHY_SEEDS} runs`, () => {
      const alarms = seedsOf(HEALTHY_SEEDS).filter((seed, i) =>
        judge(contract.healthy({ seed, rate: 1, identity: i % 2 === 0 })).some(isAlarm),
      );
      expect(alarms.length).toBeLessThanOrEqual(0.05 * HEALTHY_SEEDS);
    });

    it.each([true, false])("the sick one is named, with its size (identity: %s)", (identity) => {
      if (!identity && contract.byRates === false) {
        // It says what it would take, or nothing: it never guesses.
        const found = judge(contract.sick({ seed: "rates", rate: 1, identity }));
        if (found.some(isAlarm)) throw new Error(`guessed: ${JSON.stringify(found)}`);
        return;
      }
      for (const rate of contract.rates ?? ([1, 3, 10] as const)) {
        const worlds = seedsOf(SICK_SEEDS[rate]).map((seed): World => ({ seed, rate, identity }));
        const missed = worlds.flatMap((world) => {
          const findings = judge(contract.sick(world));
          return findings.some((each) => isNamed(each, contract, world))
            ? []
            : [
                findings.map(({ cause, size, status, summary }) => ({
                  cause,
                  size,
                  status,
                  summary,
                })),
              ];
        });
        const allowed = Math.floor(0.05 * worlds.length);
        expect(missed.slice(0, missed.length > allowed ? 3 : 0), `rate ${rate}`).toEqual([]);
      }
    });

    it("a finding says whom it is about, how calls were joined, and where it began", () => {
      const findings = judge(contract.sick({ seed: "about", rate: 1, identity: true }));
      const failing = findings.find(isAlarm)!;
      expect(failing).toMatchObject({
        detector: detector.name,
        arm: "variant",
        joinedBy: "identity",
        began: { stage: expect.any(String), atS: expect.any(Number) },
        size: { what: expect.any(String), unit: expect.any(String) },
        effect: { what: expect.any(String), low: expect.any(Number), high: expect.any(Number) },
        comparison: expect.stringMatching(/^(new|worse|absent-in-control)$/),
        cure: expect.any(String),
      });
      expect(failing).toHaveProperty("dependency");
      const { estimate, high, low } = failing.effect!;
      expect(low <= estimate && estimate <= high, JSON.stringify(failing.effect)).toBe(true);
      expect(low > 0 || high < 0, "its interval leaves none out").toBe(true);
      for (const each of findings)
        expect(JSON.stringify(each)).not.toMatch(/NaN|Infinity|undefined/);
    });

    it("what control has as much of is said to be in both arms, and condemns nobody", () => {
      const statuses = seedsOf(10).flatMap((seed) =>
        judge(contract.both({ seed, rate: 1, identity: true })).map(({ status }) => status),
      );
      expect(statuses).not.toContain("fail");
      expect(statuses.filter((status) => status === "shared").length).toBeGreaterThanOrEqual(9);
    });

    it("beside a control that passes no identity on, what both have condemns nobody", () => {
      const alarms = seedsOf(5).flatMap((seed) =>
        [contract.both, contract.healthy].flatMap((scene) =>
          judge(withNamelessControl(scene({ seed, rate: 1, identity: true }))).filter(isAlarm),
        ),
      );
      expect(alarms.map(({ summary }) => summary)).toEqual([]);
    });

    it.each(Object.entries(contract.lookAlikes))("%s is something else", (_, scene) => {
      const alarms = seedsOf(10).flatMap((seed, i) =>
        judge(scene({ seed, rate: 1, identity: i % 2 === 0 })).filter(isAlarm),
      );
      expect(alarms.map(({ summary }) => summary)).toEqual([]);
    });
  });
}
