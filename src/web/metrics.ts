import type { LiveBegins, LiveEntry, LiveTick } from "../report/index.ts";

const COUNTED = {
  planned: "Starts that the schedule had, made or not.",
  responses: "Answers.",
  failed: "Requests without an answer, or answered with 500 and above.",
  dropped: "Starts that were not made, because a limit was reached.",
} as const;
const CALLED = {
  calls: "Calls that arrived at an emulated dependency.",
  unwell: "Calls answered with an error, over a limit, rejected or broken off.",
  late: "Answers that the emulator gave late.",
} as const;

const NAMES_OF = { counted: Object.keys(COUNTED), called: Object.keys(CALLED) } as const;
const US_PER_S = 1e6;

/** What a run has told so far, for Prometheus. */
export class LiveMetrics {
  #begins: LiveBegins | null = null;
  #last: LiveTick | null = null;
  readonly #sums = new Map<string, number>();
  readonly #looked = new Map<string, { harm: number | null; margin: number; evidence: number }>();

  hear(entry: LiveEntry): void {
    if (entry.kind === "begins") this.#begins = entry;
    else if (entry.kind === "tick") this.#tick(entry);
    else if (entry.kind === "look") {
      for (const { arm, evidence, harm, margin, metric } of entry.metrics) {
        this.#looked.set(JSON.stringify({ arm, metric }), { harm, margin, evidence });
      }
    }
  }

  /** The text format, version 0.0.4. */
  async text(): Promise<{ readonly contentType: string; readonly text: string }> {
    const { Counter, Gauge, Registry } = await import("prom-client");
    const registers = [new Registry()];
    const counter = (name: string, help: string, labelNames: string[]) =>
      new Counter({ name: `shakedown_${name}_total`, help, labelNames, registers });
    const gauge = (name: string, help: string, labelNames: string[]) =>
      new Gauge({ name: `shakedown_${name}`, help, labelNames, registers });
    for (const [name, help] of Object.entries(COUNTED)) {
      const each = counter(`requests_${name}`, help, ["arm"]);
      this.#each(name, (labels, value) => each.inc(labels, value));
    }
    for (const [name, help] of Object.entries(CALLED)) {
      const each = counter(`emulator_${name}`, help, ["dependency", "arm"]);
      this.#each(name, (labels, value) => each.inc(labels, value));
    }
    this.#gauges(gauge);
    const [registry] = registers;
    return { contentType: registry!.contentType, text: await registry!.metrics() };
  }

  #gauges(
    gauge: (
      name: string,
      help: string,
      labels: string[],
    ) => { set: (labels: Record<string, string>, value: number) => void },
  ): void {
    const last = this.#last;
    const time = gauge("response_time_seconds", "Over the last tick.", ["arm", "quantile"]);
    const lag = gauge("start_lag_p99_seconds", "The generator's own, over the last tick.", ["arm"]);
    const stage = gauge("stage", "The stage that is sent, from 0; -1 before the first.", []);
    stage.set({}, last?.stage ?? -1);
    for (const [index, arm] of (this.#begins?.arms ?? []).entries()) {
      const told = last?.arms[index];
      if (told === undefined) continue;
      if (told.p50Us !== null) time.set({ arm, quantile: "0.5" }, told.p50Us / US_PER_S);
      if (told.p99Us !== null) time.set({ arm, quantile: "0.99" }, told.p99Us / US_PER_S);
      if (told.lagP99Us !== null) lag.set({ arm }, told.lagP99Us / US_PER_S);
    }
    const labels = ["arm", "metric"];
    const harm = gauge("effect_harm", "So far, on the margin's scale; above 0 for worse.", labels);
    const margin = gauge("effect_margin", "What is tolerated of it.", labels);
    const evidence = gauge("effect_evidence", "Of harm: 1 is what ends a run.", labels);
    for (const [key, looked] of this.#looked) {
      const of = JSON.parse(key) as { readonly arm: string; readonly metric: string };
      if (looked.harm !== null) harm.set(of, looked.harm);
      margin.set(of, looked.margin);
      evidence.set(of, looked.evidence);
    }
  }

  #tick(tick: LiveTick): void {
    this.#last = tick;
    const { arms = [], dependencies = [] } = this.#begins ?? {};
    for (const [index, arm] of arms.entries()) {
      const told: Readonly<Record<string, unknown>> = tick.arms[index] ?? {};
      for (const name of NAMES_OF.counted) this.#add(name, { arm }, told[name]);
      for (const [at, dependency] of dependencies.entries()) {
        const called: Readonly<Record<string, unknown>> = tick.calls[at]?.[index] ?? {};
        for (const name of NAMES_OF.called) this.#add(name, { dependency, arm }, called[name]);
      }
    }
  }

  #add(name: string, labels: Readonly<Record<string, string>>, value: unknown): void {
    const key = JSON.stringify([name, labels]);
    // An emulator that has ended counts no more, and never less.
    const more = typeof value === "number" ? Math.max(value, 0) : 0;
    this.#sums.set(key, (this.#sums.get(key) ?? 0) + more);
  }

  #each(wanted: string, tell: (labels: Record<string, string>, value: number) => void): void {
    for (const [key, value] of this.#sums) {
      const [name, labels] = JSON.parse(key) as [string, Record<string, string>];
      if (name === wanted) tell(labels, value);
    }
  }
}
