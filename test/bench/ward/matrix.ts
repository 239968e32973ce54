import type { Finding } from "../../../src/detect/index.ts";
import { clopperPearson } from "../../../src/stats/index.ts";
import type { WardCase, WardWorld } from "./model.ts";
import type { WardRun } from "./run.ts";

const CONFIDENCE = 0.95;

interface Tally {
  /** Sick ones that were to be named: how many; of these, found; and with the size that they have. */
  sick: number;
  found: number;
  sized: number;
  /** Found ones that were to be told of in certain words, and those that were. */
  worded: number;
  said: number;
  /** Arms of which it should say nothing, and those of which it did. */
  quiet: number;
  alarms: number;
}

/** Whether a finding gives the size that the sick thing has. */
export function isSized({ size }: Finding, each: WardCase, truth: number | null): boolean {
  if (each.size === null || truth === null) return true;
  return Math.abs((size?.value ?? Number.NaN) - truth) <= each.size.within * truth;
}

/** What every detector said of every arm, counted. */
export class Matrix {
  readonly #tallies = new Map<string, Tally>();
  readonly #detectors: readonly string[];

  constructor(detectors: readonly string[]) {
    this.#detectors = detectors;
  }

  #of(detector: string): Tally {
    const none = { sick: 0, found: 0, sized: 0, worded: 0, said: 0, quiet: 0, alarms: 0 };
    const tally = this.#tallies.get(detector) ?? none;
    this.#tallies.set(detector, tally);
    return tally;
  }

  /** Counts a run; gives what was said of each arm, in words, and what of it is wrong. */
  add(
    each: WardCase,
    world: WardWorld,
    { findings, truth }: WardRun,
    arms: readonly string[],
  ): string[] {
    const failing = findings.filter(({ status }) => status === "fail");
    return arms.slice(1).map((arm) => {
      const said = failing.filter((finding) => finding.arm === arm);
      const sick = arm === "sick";
      const expected = sick ? each.detector : null;
      const wanted = world.propagates || each.byRates !== "no";
      const ofWhich = sick ? [each.detector, ...(each.also ?? [])] : [];
      const wrong: string[] = [];
      for (const detector of this.#detectors) {
        const tally = this.#of(detector);
        const spoke = said.filter((finding) => finding.detector === detector);
        if (detector === expected && wanted) {
          const named = spoke.filter(({ cause = "" }) => each.cause.test(cause));
          const mayLack = !world.propagates && each.byRates === "named";
          const isRight = (finding: Finding): boolean =>
            (mayLack && (finding.size ?? null) === null) || isSized(finding, each, truth);
          tally.sick++;
          if (named.length > 0) tally.found++;
          else wrong.push(`MISSED ${detector}`);
          if (named.some(isRight)) tally.sized++;
          else if (named.length > 0) wrong.push(`SIZE OF ${detector}`);
          const { says } = each;
          if (says !== undefined && world.propagates && named.length > 0) {
            tally.worded++;
            if (named.some(({ summary }) => says.test(summary))) tally.said++;
            else
              wrong.push(`WORDS OF ${detector}: ${named.map(({ summary }) => summary).join("; ")}`);
          }
        } else if (!ofWhich.includes(detector)) {
          tally.quiet++;
          if (spoke.length > 0) {
            tally.alarms++;
            wrong.push(`FALSE ALARM OF ${detector}`);
          }
        }
      }
      const words = said.map(({ cause = "", detector, size }) => {
        const value = size === undefined || size === null ? "" : ` ${size.value.toPrecision(3)}`;
        return `${detector} [${cause}]${value}`;
      });
      const true_ = sick && truth !== null ? ` (in truth ${truth.toPrecision(3)})` : "";
      const faults = wrong.length === 0 ? "" : ` (${wrong.join(", ")})`;
      return `${arm}${true_}: ${words.length === 0 ? "nothing" : words.join("; ")}${faults}`;
    });
  }

  /** One line a detector: what it found, how large, in which words, and where it spoke up in vain. */
  lines(): string[] {
    const share = (events: number, trials: number): string => {
      if (trials === 0) return "–";
      const { low, high } = clopperPearson(events, trials, CONFIDENCE);
      return `${events}/${trials} [${(100 * low).toFixed(0)}–${(100 * high).toFixed(0)} %]`;
    };
    const head = ["detector", "found", "of these sized", "of these worded", "false alarms"];
    const rows = [...this.#tallies].map(([detector, tally]) => [
      detector,
      share(tally.found, tally.sick),
      share(tally.sized, tally.found),
      share(tally.said, tally.worded),
      share(tally.alarms, tally.quiet),
    ]);
    const widths = head.map((title, i) =>
      Math.max(title.length, ...rows.map((row) => row[i]!.length)),
    );
    return [head, ...rows].map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join("  ")
        .trimEnd(),
    );
  }
}
