import type { Counted, EmulatorSnapshot } from "../counters.ts";

const SERIES: Readonly<Record<Counted, { type: "counter" | "gauge"; name: string; help: string }>> =
  {
    calls: { type: "counter", name: "calls_total", help: "Calls that arrived." },
    errors: { type: "counter", name: "errors_total", help: "Calls that were made to fail." },
    limited: { type: "counter", name: "limited_total", help: "Calls over a limit." },
    early: {
      type: "counter",
      name: "early_total",
      help: "Calls made before the time their caller had been told to wait for.",
    },
    rejected: {
      type: "counter",
      name: "rejected_total",
      help: "Calls that found the dependency's capacity full.",
    },
    aborted: { type: "counter", name: "aborted_total", help: "Calls whose caller went away." },
    accepted: { type: "counter", name: "accepted_total", help: "Connections accepted." },
    timed: {
      type: "counter",
      name: "timed_total",
      help: "Answers that were meant to come at a certain time.",
    },
    late: {
      type: "counter",
      name: "late_total",
      help: "Of these, off by more than 1 ms and 5 % of the delay: the emulator's own fault.",
    },
    connections: { type: "gauge", name: "connections", help: "Connections open now." },
    inFlight: { type: "gauge", name: "in_flight", help: "Calls without a full answer yet." },
  };

/** The counts of this moment in Prometheus' text format, each with `dependency` and `arm`. */
export async function prometheusMetrics(
  snapshot: EmulatorSnapshot,
): Promise<{ readonly contentType: string; readonly text: string }> {
  const { Counter, Gauge, Registry } = await import("prom-client");
  const registry = new Registry();
  for (const [counted, { help, name, type }] of Object.entries(SERIES)) {
    const labelNames = ["dependency", "arm"] as const;
    const own = { name: `shakedown_emulator_${name}`, help, labelNames, registers: [registry] };
    const metric = type === "counter" ? new Counter(own) : new Gauge(own);
    for (const [dependency, byArm] of Object.entries(snapshot)) {
      for (const [arm, counts] of Object.entries(byArm)) {
        metric.inc({ dependency, arm }, counts[counted as Counted]);
      }
    }
  }
  return { contentType: registry.contentType, text: await registry.metrics() };
}
