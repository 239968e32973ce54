import { formatDurationNs, formatRatio } from "../core/index.ts";
import { familyOf, type MetricSpec } from "../experiment/index.ts";
import { periodsOf, sharesOf, weightsOf } from "./planned-assignment.ts";
import type { Scenario } from "./scenario/index.ts";
import type { Faults } from "./yaml-file.ts";

/** Fields of a design that one kind alone has. */
const OWN_FIELDS = {
  by: "split",
  weights: "split",
  holdout: "split",
  reserved: "split",
  period: "crossover",
  washout: "crossover",
} as const;

/** Weights are written in per cent: what rounding leaves of 100 % is nothing. */
const ROUNDING = 1e-6;

function checkFields({ design, stages }: Scenario, faults: Faults): void {
  for (const [field, kind] of Object.entries(OWN_FIELDS)) {
    if (design[field as keyof typeof OWN_FIELDS] === undefined || design.kind === kind) continue;
    faults.in(
      ["design", field],
      `is for ${kind}, and this design is ${design.kind}: write kind: ${kind}, or leave it out`,
    );
  }
  if (design.by?.kind === "request" && (design.reserved ?? []).length > 0) {
    faults.in(
      ["design", "reserved"],
      "names keys, and by request no start has one: write by: session or by: header:<name>, or " +
        "leave it out",
    );
  }
  for (const [index, { share }] of stages.entries()) {
    if (share === undefined || design.kind === "split") continue;
    faults.in(
      ["stages", index, "share"],
      `is what the variant has of a split, and this design is ${design.kind}: write kind: split ` +
        "in `design`, or leave it out",
    );
  }
}

function checkWeights(scenario: Scenario, faults: Faults): void {
  const { arms, design } = scenario;
  const { holdout = 0, weights } = design;
  const names = Object.keys(arms);
  for (const arm of Object.keys(weights ?? {})) {
    if (!names.includes(arm)) faults.in(["design", "weights", arm], `there is no arm \`${arm}\``);
  }
  for (const arm of names) {
    if (weights === undefined || (weights[arm] ?? 0) > 0) continue;
    faults.in(["design", "weights"], `arm ${arm} has no weight, so it would get nothing`);
  }
  const [control = 0, ...variants] = weightsOf(scenario);
  const total = variants.reduce((sum, weight) => sum + weight, control);
  if (Math.abs(total - 1) > ROUNDING) {
    faults.in(["design", "weights"], `add up to ${formatRatio(total)}: write shares of 100 %`);
  } else if (holdout > control + ROUNDING) {
    faults.in(
      ["design", "holdout"],
      `${formatRatio(holdout)} is more than control has (${formatRatio(control)}): nothing is ` +
        "left for it; write less, or give control more",
    );
  }
}

function checkShares(scenario: Scenario, faults: Faults): void {
  const { design, stages } = scenario;
  const { holdout = 0 } = design;
  let before = 0;
  for (const [index, share] of sharesOf(scenario).entries()) {
    const fault = (message: string): void => faults.in(["stages", index, "share"], message);
    if (share > 1 - holdout + ROUNDING) {
      fault(`${formatRatio(share)} does not fit beside a holdout of ${formatRatio(holdout)}`);
    } else if (share > 1 - ROUNDING) {
      fault("leaves control nothing, and there would be nothing to compare with");
    } else if (share < before - ROUNDING) {
      fault(
        `falls to ${formatRatio(share)} from ${formatRatio(before)}: who has the variant keeps ` +
          "it; write a share that is no smaller",
      );
    } else if (share === 0 && stages[index]!.judge) {
      fault("gives the variant nothing to be judged on: write more, or judge: false");
    }
    before = Math.max(before, share);
  }
}

/** Metrics that an arm has by the second, or for its whole, so that its share of starts shows in them. */
const BY_TIME = new Set(["throughput", "goodput", "cpu_seconds"]);

type Named = readonly [keys: readonly PropertyKey[], spec: MetricSpec];

function namedMetrics({ guardrails, hypothesis, secondary }: Scenario): Named[] {
  return [
    ...(hypothesis === undefined ? [] : [[["hypothesis", "then"], hypothesis.then] as const]),
    ...secondary.map((spec, i) => [["secondary", i], spec] as const),
    ...guardrails.map((spec, i) => [["guardrails", i], spec] as const),
  ];
}

function checkMetrics(scenario: Scenario, faults: Faults): void {
  const { design } = scenario;
  for (const [keys, spec] of namedMetrics(scenario)) {
    const { title } = familyOf(spec);
    if (!BY_TIME.has(title) || (design.kind === "crossover" && title !== "cpu_seconds")) continue;
    const why =
      design.kind === "split"
        ? "goes by time, and in a split the arms get different requests, as many as their shares say"
        : "goes by time, and an arm that takes turns also uses some while it is not judged";
    faults.in([...keys, "metric"], `${title} ${why}: leave it out, or write kind: duet`);
  }
}

/** Whether every arm has the same share of each judged stage. */
function sharesAreEqual(scenario: Scenario): boolean {
  const [, ...variants] = weightsOf(scenario);
  const alike = variants.every((weight) => Math.abs(weight - variants[0]!) < ROUNDING);
  const equal = variants.length / (variants.length + 1);
  const judged = sharesOf(scenario).filter((_, index) => scenario.stages[index]!.judge);
  return alike && judged.every((share) => Math.abs(share - equal) < ROUNDING);
}

/** Calls are counted for an arm as a whole, and what a target keeps to itself grows with its share. */
function checkCalls(scenario: Scenario, faults: Faults): void {
  const { dependencies, design } = scenario;
  const equal = sharesAreEqual(scenario);
  for (const [keys, spec] of namedMetrics(scenario)) {
    if (familyOf(spec).dependency === "none") continue;
    const counted = Object.entries(dependencies).filter(
      ([name]) => spec.dependency === undefined || spec.dependency === name,
    );
    const kept = counted.find(([, each]) => each.protocol !== "tcp" && each.cacheTtlS !== null);
    if ((design.reserved ?? []).length > 0) {
      faults.in(
        [...keys, "metric"],
        "counts calls, and those of `reserved` keys are not told apart: leave one of them out",
      );
    } else if (kept !== undefined && !equal) {
      faults.in(
        [...keys, "metric"],
        `counts calls to \`${kept[0]}\`, which has a cacheTtl, and the cache of an arm with a ` +
          "smaller share is colder whatever its build: give the arms the same share in judged " +
          "stages, or leave it out",
      );
    }
  }
}

function checkSplit(scenario: Scenario, faults: Faults): void {
  checkWeights(scenario, faults);
  checkShares(scenario, faults);
  checkCalls(scenario, faults);
  for (const index of scenario.negativeControls.keys()) {
    faults.in(
      ["negativeControls", index],
      "is told by requests that every arm gets, and in a split none does: leave it out",
    );
  }
}

/** That every stage is made of whole turns. */
function checkTurns(scenario: Scenario, faults: Faults): void {
  const { arms, stages } = scenario;
  const { periodNs } = periodsOf(scenario)!;
  const count = Object.keys(arms).length;
  const cycleNs = count * periodNs;
  const cycle = `${count} periods of ${formatDurationNs(periodNs)}`;
  for (const [index, { probe, settle, ...stage }] of stages.entries()) {
    const lastsNs = stage.for;
    const nearest = (ns: number): string => {
      const below = Math.floor(ns / cycleNs) * cycleNs;
      const above = formatDurationNs(below + cycleNs);
      return below === 0 ? above : `${formatDurationNs(below)} or ${above}`;
    };
    if (lastsNs < cycleNs) {
      const most = formatDurationNs(Math.floor(lastsNs / count / 1e6) * 1e6);
      faults.in(
        ["design", "period"],
        `${cycle} do not fit into stage ${stage.name ?? `stage-${index + 1}`}, which lasts ` +
          `${formatDurationNs(lastsNs)}: write ${most} at most, or make the stage longer`,
      );
    } else if (lastsNs % cycleNs !== 0) {
      faults.in(["stages", index, "for"], `is not so many times ${cycle}: ${nearest(lastsNs)}`);
    }
    if (settle % cycleNs !== 0) {
      faults.in(["stages", index, "settle"], `is not so many times ${cycle}: ${nearest(settle)}`);
    }
    if (probe !== undefined) {
      faults.in(
        ["stages", index, "probe"],
        "falls at moments that only one arm would be loaded in: write kind: duet, or leave it out",
      );
    }
  }
}

function checkCrossover(scenario: Scenario, faults: Faults): void {
  const { arrivals, design, loop } = scenario;
  const periods = periodsOf(scenario);
  if (periods === null) {
    faults.in(["design", "period"], "is missing: for how long one arm is loaded, such as 2s");
    return;
  }
  if (periods.washoutNs >= periods.periodNs) {
    faults.in(["design", "washout"], "is as long as the period, so nothing would be judged");
  }
  if (design.block !== undefined) {
    faults.in(["design", "block"], "is a period of each arm in a crossover: leave it out");
  }
  if (arrivals.kind === "recorded" && !loop) {
    faults.in(["loop"], "a crossover has no end of the capture to wait for: leave `loop` on");
  }
  checkTurns(scenario, faults);
}

/** That who gets which start can be done, and leaves something to compare. */
export function checkAssignment(scenario: Scenario, faults: Faults): void {
  checkFields(scenario, faults);
  const { arms, design } = scenario;
  if (design.kind === "duet") return;
  if ("target" in arms) {
    faults.in(["design", "kind"], `${design.kind} needs a control and a variant`);
    return;
  }
  checkMetrics(scenario, faults);
  if (design.kind === "split") checkSplit(scenario, faults);
  else checkCrossover(scenario, faults);
}
