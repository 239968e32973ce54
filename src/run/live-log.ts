import { closeSync, openSync, writeSync } from "node:fs";
import { NS_PER_S } from "../core/index.ts";
import type { EmulatorSnapshot } from "../emulator/index.ts";
import { familyOf, type Look, liveMetrics, metricLabel, type Plan } from "../experiment/index.ts";
import { Histogram } from "../measure/index.ts";
import { LIVE_FILE, LIVE_VERSION, type LiveBegins, type LiveEntry } from "../report/index.ts";
import { throttleWords } from "./throttle-words.ts";
import type { LiveArm, RunEvent } from "./live.ts";
import { rampWords } from "./held-ramp.ts";
import type { RunDirectory } from "./run-directory.ts";

type Tick = Extract<RunEvent, { readonly kind: "tick" }>;

/**
 * After so many ticks of one length, each entry holds twice as many: an hour has one a second, a day
 * some sixteen thousand in all, at about a kilobyte.
 */
const TICKS_OF_A_LENGTH = 3_600;

const seconds = (ns: number): number => Math.round(ns / (NS_PER_S / 1_000)) / 1_000;
const orNull = (value: number): number | null =>
  Number.isFinite(value) ? Math.round(value) : null;

function begins(plan: Plan, dependencies: readonly string[], at: string): LiveBegins {
  return {
    kind: "begins",
    liveVersion: LIVE_VERSION,
    at,
    scenario: plan.scenario,
    claim: plan.hypothesis === null ? "" : plan.hypothesis.then,
    arms: [...plan.arms],
    dependencies: [...dependencies],
    metrics: liveMetrics(plan).map((spec) => {
      const { effect: kind, unit } = familyOf(spec);
      return { metric: metricLabel(spec), margin: spec.margin, unit, kind };
    }),
    stages: plan.stages.map(({ endNs, judgedFromNs, name, ratePerSec, startNs }) => ({
      name,
      ratePerSec,
      startS: seconds(startNs),
      endS: seconds(endNs),
      judgedFromS: judgedFromNs === null ? null : seconds(judgedFromNs),
    })),
    runs: plan.runs.length,
  };
}

function lookEntry({ atS, metrics, stage }: Look): LiveEntry {
  return {
    kind: "look",
    stage,
    atS: Math.round(atS * 1_000) / 1_000,
    metrics: metrics.map(
      ({ arm, band, blocks, harm, lnBoundary, lnE, margin, metric, reached }) => ({
        arm,
        metric,
        blocks,
        harm,
        band: band === null ? null : { ...band },
        margin,
        evidence: lnE / lnBoundary,
        reached,
      }),
    ),
  };
}

/** Ticks that are told as one. */
export class TickSum {
  #arms: { planned: number; responses: number; failed: number; dropped: number }[] = [];
  #times: { readonly response: Histogram; readonly lag: Histogram }[] = [];
  count = 0;

  add(arms: readonly LiveArm[]): void {
    this.count++;
    for (const [index, arm] of arms.entries()) {
      const sum = (this.#arms[index] ??= { planned: 0, responses: 0, failed: 0, dropped: 0 });
      const times = (this.#times[index] ??= { response: new Histogram(), lag: new Histogram() });
      sum.planned += arm.planned;
      sum.responses += arm.responses;
      sum.failed += arm.failed;
      sum.dropped += arm.dropped;
      times.response.add(arm.responseTime);
      times.lag.add(arm.startLag);
    }
  }

  take() {
    const rows = this.#arms.map((sum, index) => {
      const { lag, response } = this.#times[index]!;
      const of = (times: Histogram, p: number): number | null =>
        times.count === 0 ? null : orNull(times.quantile(p));
      return {
        ...sum,
        p50Us: of(response, 0.5),
        p99Us: of(response, 0.99),
        lagP99Us: of(lag, 0.99),
      };
    });
    [this.#arms, this.#times, this.count] = [[], [], 0];
    return rows;
  }
}

/**
 * Writes what a run says of itself while it goes on to `live.ndjson`, so that another process can watch
 * it, and anybody see it again. Bounded: an entry or two a second at first, and fewer the longer it
 * takes. A file that cannot be written ends the log and not the run.
 */
export class LiveLog implements Disposable {
  readonly #dependencies: readonly string[];
  readonly #nowIso: () => string;
  #arms: readonly string[] = [];
  #file: number | null;
  readonly #ticks = new TickSum();
  readonly #looks = new Map<string, Look>();
  #emulated: EmulatorSnapshot = {};
  #last: Tick | null = null;
  #toldUntilS = 0;
  #perEntry = 1;
  #entries = 0;

  constructor(
    directory: RunDirectory,
    from: { readonly dependencies: readonly string[]; readonly nowIso: () => string },
  ) {
    this.#dependencies = from.dependencies;
    this.#nowIso = from.nowIso;
    try {
      this.#file = openSync(directory.file(LIVE_FILE), "a");
    } catch {
      this.#file = null;
    }
  }

  /** What hears of a run after this does. */
  before(next: (event: RunEvent) => void): (event: RunEvent) => void {
    return (event) => {
      this.hear(event);
      next(event);
    };
  }

  hear(event: RunEvent): void {
    if (event.kind === "tick") this.#tick(event);
    // The last at each stage until the next tick: what it sees holds what those before it saw.
    else if (event.kind === "look") this.#looks.set(event.look.stage, event.look);
    else {
      if (event.kind === "traffic") this.#beginTraffic();
      if (event.kind !== "warning" && event.kind !== "asked") this.#flush();
      for (const entry of this.#entriesOf(event)) this.#write(entry);
    }
  }

  [Symbol.dispose](): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  #beginTraffic(): void {
    [this.#last, this.#emulated, this.#toldUntilS] = [null, {}, 0];
    this.#looks.clear();
  }

  #tick(event: Tick): void {
    this.#last = event;
    this.#ticks.add(event.arms);
    if (this.#ticks.count >= this.#perEntry) this.#flush();
  }

  /** What has come since the last entry of a tick. */
  #flush(): void {
    for (const look of this.#looks.values()) this.#write(lookEntry(look));
    this.#looks.clear();
    const last = this.#last;
    if (last === null || this.#ticks.count === 0) return;
    const toS = seconds(last.elapsedNs);
    const calls = this.#callsUntil(last.emulator);
    const { stage } = last;
    this.#write({
      kind: "tick",
      fromS: this.#toldUntilS,
      toS,
      stage,
      arms: this.#ticks.take(),
      calls,
    });
    this.#toldUntilS = toS;
    this.#entries++;
    if (this.#entries % TICKS_OF_A_LENGTH === 0) this.#perEntry *= 2;
  }

  #callsUntil(now: EmulatorSnapshot) {
    // A dead emulator's snapshot has nothing in it.
    if (Object.keys(now).length === 0) return [];
    const before = this.#emulated;
    this.#emulated = now;
    return this.#dependencies.map((name) =>
      this.#arms.map((arm) => {
        const [counts, then] = [now[name]?.[arm], before[name]?.[arm]];
        const since = (...of: readonly (keyof NonNullable<typeof counts>)[]): number =>
          of.reduce((sum, each) => sum + (counts?.[each] ?? 0) - (then?.[each] ?? 0), 0);
        return {
          calls: since("calls"),
          inFlight: counts?.inFlight ?? 0,
          unwell: since("errors", "limited", "rejected", "aborted"),
          timed: since("timed"),
          late: since("late"),
        };
      }),
    );
  }

  #entriesOf(event: Exclude<RunEvent, { readonly kind: "tick" | "look" }>): LiveEntry[] {
    const at = this.#nowIso();
    switch (event.kind) {
      case "plan":
        this.#arms = event.plan.arms;
        return [begins(event.plan, this.#dependencies, at)];
      case "run":
        return [{ kind: "run", at, run: event.run, runs: event.runs, first: event.first }];
      case "starting":
        return [{ kind: "note", at, level: "info", text: `starting ${event.what}` }];
      case "warning":
        return [{ kind: "note", at, level: "warning", text: event.message }];
      case "traffic":
        return [{ kind: "traffic", at, load: event.load }];
      case "stage-end":
        return [{ kind: "stage-end", at, stage: event.name }];
      case "gate": {
        const { arm, decision, stage } = event.gate;
        return [{ kind: "gate", at, arm, stage, decision }];
      }
      case "cut":
        return [{ kind: "cut", at, arm: event.cut.arm, because: event.cut.because }];
      case "throttle":
        return [{ kind: "note", at, level: "warning", text: throttleWords(event.throttling) }];
      case "ramp":
        return [{ kind: "note", at, level: "warning", text: rampWords(event.held) }];
      case "asked":
        return [{ kind: "asked", at, ...event.asked }];
      case "stopping":
        return [{ kind: "stopping", at, because: event.because }];
      case "judging":
        return [{ kind: "judging", at }];
      case "verdict":
        return [{ at, ...event }];
      case "reading":
      case "opened":
        return [];
    }
  }

  #write(entry: LiveEntry): void {
    if (this.#file === null) return;
    try {
      writeSync(this.#file, `${JSON.stringify(entry)}\n`);
    } catch {
      // A part of a line may be there: nothing may follow it.
      this[Symbol.dispose]();
    }
  }
}
