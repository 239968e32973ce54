import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decide,
  type JudgedComparison,
  statusOf,
  type VerdictInput,
} from "../../src/experiment/index.ts";

const ALPHA = 0.05;

const FINE: JudgedComparison = {
  label: "response_time_p95",
  stage: "everybody",
  role: "primary",
  effect: { kind: "relative", estimate: 0.01, low: -0.02, high: 0.04 },
  margin: 0.1,
  adjustedPHarm: 0.4,
  warnings: [],
};
const ERRORS: JudgedComparison = {
  ...FINE,
  label: "error_ratio",
  role: "guardrail",
  effect: { kind: "difference", estimate: 0, low: -0.001, high: 0.001 },
  margin: 0.005,
};
const SHIPS: VerdictInput = {
  alpha: ALPHA,
  hypothesis: { if: "the pool is cut" },
  comparisons: [FINE, ERRORS],
  findings: [{ detector: "d", subject: "variant", status: "pass", summary: "all is well" }],
  invalid: [],
  doubts: [],
  incompleteBecause: null,
  replicated: true,
  droppedStarts: 0,
};

const harmed = (base: JudgedComparison, estimate: number, half: number): JudgedComparison => ({
  ...base,
  effect: { kind: base.effect!.kind, estimate, low: estimate - half, high: estimate + half },
  adjustedPHarm: 1e-6,
});
const SLOWER = harmed(FINE, 6.2, 0.9);
const WIDE: JudgedComparison = {
  ...FINE,
  effect: { kind: "relative", estimate: 0.05, low: -0.1, high: 0.2 },
};
const FAILS = {
  detector: "pool-exhaustion",
  subject: "variant payments",
  status: "fail",
  summary: "the payments pool runs dry",
} as const;

/** Exact in binary, so that scaling by powers of two is too. */
const number = (min: number, max: number): fc.Arbitrary<number> =>
  fc.integer({ min: min * 256, max: max * 256 }).map((value) => value / 256);

const effects = fc
  .tuple(number(-1, 3), number(0, 2), number(0, 2))
  .map(([estimate, below, above]) => ({
    kind: "relative" as const,
    estimate,
    low: estimate - below,
    high: estimate + above,
  }));
const comparison: fc.Arbitrary<JudgedComparison> = fc.record({
  label: fc.constantFrom("response_time_p95", "error_ratio"),
  stage: fc.constantFrom("pilot", "everybody"),
  role: fc.constantFrom("primary", "guardrail", "secondary"),
  effect: fc.option(effects, { freq: 6 }),
  margin: number(0, 1),
  adjustedPHarm: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 9 }),
  warnings: fc.constant([]),
});
const finding = fc.record({
  detector: fc.constant("d"),
  subject: fc.constant("variant"),
  status: fc.constantFrom("pass", "pass", "inconclusive", "fail"),
  summary: fc.constant("something was seen"),
});
const input: fc.Arbitrary<VerdictInput> = fc.record({
  alpha: fc.constant(ALPHA),
  hypothesis: fc.constant({ if: "the pool is cut" }),
  comparisons: fc.array(comparison, { maxLength: 5 }),
  findings: fc.array(finding, { maxLength: 3 }),
  invalid: fc.option(fc.constant([{ name: "emulator late", summary: "off by 9 ms" }]), {
    nil: [],
    freq: 2,
  }),
  doubts: fc.option(fc.constant([{ name: "drift", summary: "the difference moved" }]), {
    nil: [],
    freq: 2,
  }),
  incompleteBecause: fc.option(fc.constant("the user stopped it"), { freq: 2 }),
  replicated: fc.boolean(),
  droppedStarts: fc.constantFrom(0, 0, 3),
});

describe("the three regions of one interval", () => {
  it("are what they say: each status implies its own region, and no other", () => {
    fc.assert(
      fc.property(comparison, (row) => {
        const status = statusOf(row, ALPHA);
        const { adjustedPHarm, effect, margin } = row;
        const judged = effect !== null && adjustedPHarm !== null;
        const harm = judged && adjustedPHarm <= ALPHA / 2 && effect.estimate >= margin;
        const within = judged && effect.high < margin;
        const regions = {
          harm,
          "small-harm": within && effect.low > 0,
          "within-margin": within && effect.low <= 0,
          inconclusive: !within && !harm,
        };
        // Harm and an interval within the margin exclude each other, so the regions cut nothing twice.
        expect(Object.entries(regions).filter(([, holds]) => holds)).toEqual([[status, true]]);
      }),
      { numRuns: 2_000 },
    );
  });

  it("do not depend on the unit in which effect and margin are given", () => {
    fc.assert(
      fc.property(comparison, fc.integer({ min: -10, max: 10 }), (row, power) => {
        const scale = 2 ** power;
        const scaled = {
          ...row,
          margin: row.margin * scale,
          effect: row.effect && {
            kind: row.effect.kind,
            estimate: row.effect.estimate * scale,
            low: row.effect.low * scale,
            high: row.effect.high * scale,
          },
        };
        expect(statusOf(scaled, ALPHA)).toBe(statusOf(row, ALPHA));
      }),
    );
  });

  it("a number that is none is never within a margin", () => {
    for (const field of ["estimate", "low", "high"] as const) {
      const row = { ...FINE, effect: { ...FINE.effect!, [field]: Number.NaN } };
      expect(statusOf(row, ALPHA)).toBe("inconclusive");
    }
  });
});

describe("the decision", () => {
  it("ships only a whole, sound, replicated run whose every binding metric is within its margin", () => {
    fc.assert(
      fc.property(input, (given) => {
        if (decide(given).decision !== "ship") return;
        const binding = given.comparisons.filter(({ role }) => role !== "secondary");
        expect(binding.length).toBeGreaterThan(0);
        for (const row of binding)
          expect(statusOf(row, ALPHA)).toMatch(/^(within-margin|small-harm)$/);
        expect(given.findings.some(({ status }) => status === "fail")).toBe(false);
        expect(given).toMatchObject({
          invalid: [],
          doubts: [],
          incompleteBecause: null,
          replicated: true,
          droppedStarts: 0,
        });
      }),
      { numRuns: 3_000 },
    );
  });

  it("rolls back only what is whole and sound, for harm shown or a finding that fails", () => {
    fc.assert(
      fc.property(input, (given) => {
        if (decide(given).decision !== "roll-back") return;
        const binding = given.comparisons.filter(({ role }) => role !== "secondary");
        const harm = binding.some((row) => statusOf(row, ALPHA) === "harm");
        expect(harm || given.findings.some(({ status }) => status === "fail")).toBe(true);
        expect(given).toMatchObject({ invalid: [], incompleteBecause: null });
      }),
      { numRuns: 3_000 },
    );
  });

  it("tells what a person has decided as that, whatever else is known, but of a run that is not whole", () => {
    const because = "rolled back by hand (Ada): queues grow";
    const stoppedBy = { rule: "person", decision: "roll-back", because, untilNs: 1 } as const;
    fc.assert(
      fc.property(input, (given) => {
        const { decision, reason } = decide({ ...given, stoppedBy });
        const whole = given.incompleteBecause === null;
        expect(decision).toBe(whole ? "roll-back" : "hold");
        expect(reason.includes(`${because}; no rule of the plan has decided`)).toBe(whole);
      }),
    );
  });

  it("is bound by no secondary metric", () => {
    fc.assert(
      fc.property(input, (given) => {
        const comparisons = given.comparisons.filter(({ role }) => role !== "secondary");
        expect(decide({ ...given, comparisons })).toEqual(decide(given));
      }),
    );
  });

  it("gives its reason in one tidy line: no doubled spaces, no NaN, no empty part", () => {
    fc.assert(
      fc.property(input, (given) => {
        const { decision, needs, reason } = decide(given);
        for (const text of [reason, needs ?? "-"]) {
          expect(text).toBe(text.trim());
          expect(text).not.toMatch(/\s{2}|\n|NaN|undefined|null|; ?;|: ?;| [,;:]|[;:,]$/);
        }
        expect(decision === "ship" || reason.length > 10).toBe(true);
      }),
    );
  });

  it("never ships what somebody paused, or a rule halved, and says so; harm is harm all the same", () => {
    for (const less of [{ held: "ramp held at 95/s" }, { throttled: "load halved" }]) {
      const { decision, reason } = decide({ ...SHIPS, ...less });
      expect([decision, reason]).toEqual([
        "hold",
        expect.stringContaining(Object.values(less)[0]!),
      ]);
      expect(decide({ ...SHIPS, ...less, comparisons: [SLOWER, ERRORS] }).decision).toBe(
        "roll-back",
      );
    }
  });

  it("ships what is fine", () => {
    expect(decide(SHIPS).decision).toBe("ship");
  });

  it.each([
    ["incomplete", { incompleteBecause: "the user stopped it" }],
    [
      "invalid instrument",
      { invalid: [{ name: "emulator late", summary: "payments off by 9 ms at p99" }] },
    ],
    [
      "a difference that drifts",
      { doubts: [{ name: "drift", summary: "the difference between the arms moved by +9 %" }] },
    ],
    ["nothing judged", { comparisons: [] }],
    ["only secondaries judged", { comparisons: [{ ...FINE, role: "secondary" as const }] }],
    [
      "a null effect",
      {
        comparisons: [
          {
            ...FINE,
            effect: null,
            adjustedPHarm: null,
            warnings: ["need at least 20 blocks, have 8"],
          },
        ],
      },
    ],
    [
      "underpowered",
      { comparisons: [{ ...FINE, effect: { ...FINE.effect!, low: -0.03, high: 0.14 } }, ERRORS] },
    ],
    ["unreplicated", { replicated: false }],
    ["one dropped start", { droppedStarts: 1 }],
    ["a sickness that no metric shows", { findings: [FAILS] }],
    ["many dropped starts", { droppedStarts: 1_024 }],
    [
      "an inconclusive finding",
      {
        findings: [
          {
            ...FAILS,
            status: "inconclusive" as const,
            cause: "a detector crashed",
            summary: "the detector d crashed: oh",
          },
        ],
      },
    ],
  ])("holds: %s", (_, change) => {
    const { decision, needs, reason } = decide({ ...SHIPS, ...change });
    expect(decision).toBe("hold");
    expect(`${reason} | ${needs ?? "–"}`).toMatchSnapshot("words");
  });

  it.each([
    ["a named cause with the harm it does", { findings: [FAILS], comparisons: [SLOWER, ERRORS] }],
    [
      "a named cause where no metric is shown to be well",
      { findings: [FAILS], comparisons: [WIDE, ERRORS] },
    ],
    [
      "harm without a cause, in percentage points for ratios",
      { comparisons: [FINE, harmed(ERRORS, 0.0231, 0.004)] },
    ],
    [
      "harm in many places",
      { comparisons: ["a", "b", "c", "d", "e"].map((stage) => ({ ...SLOWER, stage })) },
    ],
  ])("rolls back: %s", (_, change) => {
    const { decision, reason } = decide({ ...SHIPS, ...change });
    expect(decision).toBe("roll-back");
    expect(reason).toMatchSnapshot("words");
  });

  it("is none for one arm alone that was measured well, whatever was or was not compared", () => {
    const reason = "one arm was measured, and nothing is compared";
    const alone = { ...SHIPS, hypothesis: null, comparisons: [], replicated: false };
    expect(decide(alone)).toEqual({ decision: null, reason });
    expect(decide({ ...alone, droppedStarts: 1_024 })).toEqual({
      decision: null,
      reason: `${reason}; 1,024 planned starts were dropped`,
    });
  });

  it("holds also with one arm alone where what was measured cannot be believed", () => {
    const sound = input.map((given) => ({ ...given, hypothesis: null, comparisons: [] }));
    fc.assert(
      fc.property(sound, (given) => {
        const believed = given.invalid.length === 0 && given.incompleteBecause === null;
        // Where it holds, the reason is the same as with two arms.
        const wanted = believed ? { decision: null } : decide({ ...given, hypothesis: {} });
        expect(decide(given)).toMatchObject(wanted);
        expect(wanted.decision).toBe(believed ? null : "hold");
      }),
    );
  });

  it("ships small harm and says so", () => {
    const small = harmed(FINE, 0.03, 0.01);
    expect(decide({ ...SHIPS, comparisons: [small, ERRORS] })).toMatchInlineSnapshot(`
      {
        "decision": "ship",
        "reason": "every metric is shown to be within its margin in every judged stage; worse, though tolerated: response_time_p95 changed by +3 % [+2 %, +4 %] in stage everybody (margin 10 %)",
      }
    `);
  });
});
