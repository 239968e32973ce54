import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  LIVE_FILE,
  LIVE_VERSION,
  type LiveBegins,
  type LiveEntry,
} from "../../src/report/index.ts";

const at = "2026-01-01T09:30:00.000Z";

export const HOSTILE = "</script><img src=x onerror=globalThis.ran=1>";

export const begins = (more: Partial<LiveBegins> = {}): LiveBegins => ({
  kind: "begins",
  liveVersion: LIVE_VERSION,
  at,
  scenario: "pool cut",
  claim: "response_time_p90 changes by less than 10 %",
  arms: ["control", "variant"],
  dependencies: ["payments"],
  metrics: [
    { metric: "response_time_p90", margin: 0.1, unit: "us", kind: "relative" },
    { metric: "error_ratio", margin: 0.005, unit: "ratio", kind: "difference" },
  ],
  stages: [
    { name: "pilot", ratePerSec: 40, startS: 0, endS: 10, judgedFromS: 1 },
    { name: "everybody", ratePerSec: 100, startS: 10, endS: 20, judgedFromS: 11 },
  ],
  runs: 1,
  ...more,
});

/** The second that begins at `s`: the variant answers half as often, and `s` more fail. */
export function tick(s: number): LiveEntry {
  const arm = (failed: number, p50Us: number) => {
    const of = { planned: 100, responses: 100 - failed, failed, dropped: 0 };
    return { ...of, p50Us, p99Us: 10 * p50Us, lagP99Us: 150 + s };
  };
  const calls = (of: number, unwell: number) => ({
    calls: of,
    inFlight: s,
    unwell,
    timed: of,
    late: 1,
  });
  return {
    kind: "tick",
    fromS: s,
    toS: s + 1,
    stage: s < 10 ? 0 : 1,
    arms: [arm(0, 20_000), arm(s, 30_000)],
    calls: [[calls(50, 0), calls(100, s)]],
  };
}

export const look = (atS: number, harm: number, reached = false): LiveEntry => ({
  kind: "look",
  stage: atS < 10 ? "pilot" : "everybody",
  atS,
  metrics: [
    {
      arm: "variant",
      metric: "response_time_p90",
      blocks: Math.round(atS),
      harm,
      band: { low: harm - 0.05, high: harm + 0.05 },
      margin: 0.1,
      evidence: harm,
      reached,
    },
  ],
});

export const note = (text: string): LiveEntry => ({ kind: "note", at, level: "warning", text });
export const gate: LiveEntry = {
  kind: "gate",
  at,
  arm: "variant",
  stage: "pilot",
  decision: "go-on",
};
export const verdict: LiveEntry = {
  kind: "verdict",
  at,
  decision: "roll-back",
  reason: "the pool of 4 is exhausted",
  needs: "a larger pool",
};

/** Twelve seconds of a run, which goes on. */
export const GOING: readonly LiveEntry[] = [
  begins(),
  { kind: "traffic", at, load: "poisson arrivals" },
  ...Array.from({ length: 10 }, (_, s) => [look(s + 0.5, 0.02), tick(s)]).flat(),
  gate,
  ...[10, 11].flatMap((s) => [look(s + 0.5, 0.31), tick(s)]),
];

const textOf = (entries: readonly LiveEntry[]): string =>
  entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");

/** A run's directory that holds its live log alone. */
export class LiveDirectory implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "shakedown-web-"));

  constructor(entries: readonly LiveEntry[]) {
    writeFileSync(join(this.path, LIVE_FILE), textOf(entries));
  }

  add(...entries: readonly LiveEntry[]): void {
    this.addText(textOf(entries));
  }

  addText(text: string): void {
    appendFileSync(join(this.path, LIVE_FILE), text);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
