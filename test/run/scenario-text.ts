import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { ShakedownError } from "../../src/core/index.ts";
import { loadScenario } from "../../src/run/index.ts";
import { scratch } from "./run-fixture.ts";

/** A scenario that loads. */
export const GOOD = `scenario: payment pool cut
profile: ../profiles/storefront.ndjson.gz
rate: 180/s
arrivals: poisson
seed: 20260101
arms:
  control:
    command: node services/storefront.ts
    env: { PAYMENT_POOL: "64" }
  variant:
    command: node services/storefront.ts
    env: { PAYMENT_POOL: "4" }
dependencies:
  payments:
    latency: { kind: lognormal, median: 80ms, p99: 260ms }
  catalog:
    latency: { kind: lognormal, median: 12ms, p99: 60ms }
    cacheTtl: 60s
hypothesis:
  if: the payments connection pool is cut from 64 to 4
  then: { metric: response_time_p95, changesBy: less-than, margin: 10% }
guardrails:
  - { metric: error_ratio, margin: 0.5% }
  - { metric: amplification, dependency: payments, margin: 10% }
stages:
  - { name: warm-up, rate: 25%, for: 5s, judge: false }
  - { name: pilot, rate: 50%, for: 27s, settle: 2s }
  - { name: everybody, rate: 100%, for: 25s, settle: 2s }
timeout: 5s
`;
/** How the control arm's target is named in it. */
export const TARGET = '    command: node services/storefront.ts\n    env: { PAYMENT_POOL: "64" }\n';

/** What a file that does not load is refused with. */
export function faultOf(path: string): ShakedownError {
  try {
    loadScenario(path);
  } catch (thrown) {
    return thrown as ShakedownError;
  }
  throw new Error("it loads");
}

/** What is said of a text, without the path in front. */
export function said(text: string): string {
  const folder = scratch();
  const path = join(folder.path, "one.yaml");
  writeFileSync(path, text);
  const { code, message } = faultOf(path);
  folder.remove();
  expect(code).toBe("SCENARIO_INVALID");
  return message.replaceAll(`${path}:`, "");
}

/** The good scenario with one piece replaced, which must be there. */
export function changed(from: string | RegExp, to: string): string {
  const text = GOOD.replace(from, to);
  expect(text).not.toBe(GOOD);
  return text;
}
