import type { Attributes, Histogram as Instrument, Meter } from "@opentelemetry/api";
import type { EmulatorSnapshot } from "../../emulator/index.ts";
import type { Histogram } from "../../measure/index.ts";
import type { LiveArm, RunEvent } from "../live.ts";

type Tick = Extract<RunEvent, { readonly kind: "tick" }>;

const COUNTED = ["planned", "responses", "failed", "dropped"] as const;
const CALLED = ["calls", "errors", "limited", "aborted"] as const;
const US_PER_S = 1e6;

/** The top of each bucket, which is within 0.1 % of its values, as often as it holds one. */
function recordAll(into: Instrument, values: Histogram, attributes: Attributes): void {
  for (const { count, valueUs } of values.buckets()) {
    for (let times = 0; times < count; times++) into.record(valueUs / US_PER_S, attributes);
  }
}

/** Counts, times and calls by arm, of what ticks tell. Times in seconds, as is the convention. */
export class RunMeters {
  readonly #counters;
  readonly #calls;
  readonly #responseTime;
  readonly #startLag;
  #called: EmulatorSnapshot = {};

  constructor(meter: Meter) {
    const unit = "{request}";
    this.#counters = COUNTED.map((name) => ({
      name,
      counter: meter.createCounter(`shakedown.requests.${name}`, { unit }),
    }));
    this.#calls = CALLED.map((name) => ({
      name,
      counter: meter.createCounter(`shakedown.emulator.${name}`, { unit: "{call}" }),
    }));
    this.#responseTime = meter.createHistogram("shakedown.response_time", {
      unit: "s",
      description: "From the intended start to the end; without an answer, the timeout",
    });
    this.#startLag = meter.createHistogram("shakedown.start_lag", {
      unit: "s",
      description: "The generator's own lateness",
    });
  }

  hear(event: RunEvent): void {
    // Each run has an emulator of its own, which counts from nothing.
    if (event.kind === "traffic") this.#called = {};
    else if (event.kind === "tick") this.#tick(event);
  }

  #tick({ arms, emulator }: Tick): void {
    for (const arm of arms) this.#count(arm);
    for (const [dependency, byArm] of Object.entries(emulator)) {
      for (const [arm, counts] of Object.entries(byArm)) {
        const before = this.#called[dependency]?.[arm];
        const attributes = { "shakedown.arm": arm, "shakedown.dependency": dependency };
        for (const { counter, name } of this.#calls) {
          counter.add(counts[name] - (before?.[name] ?? 0), attributes);
        }
      }
    }
    // A dead emulator's snapshot has nothing in it.
    if (Object.keys(emulator).length > 0) this.#called = emulator;
  }

  #count(arm: LiveArm): void {
    const attributes = { "shakedown.arm": arm.arm };
    for (const { counter, name } of this.#counters) counter.add(arm[name], attributes);
    recordAll(this.#responseTime, arm.responseTime, attributes);
    recordAll(this.#startLag, arm.startLag, attributes);
  }
}
