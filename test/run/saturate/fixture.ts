import type { Saturation, SaturationSearch, SaturationStep } from "../../../src/report/index.ts";
import { type SaturateFlags, saturateOptions } from "../../../src/run/saturate/options.ts";
import { saturationResult } from "../../../src/run/saturate/result.ts";
import { bracketOf, nextStep } from "../../../src/run/saturate/search.ts";
import { judgeStep } from "../../../src/run/saturate/step.ts";

export const FLAGS: SaturateFlags = {
  profile: "day.ndjson.gz",
  target: "http://127.0.0.1:8080",
  headers: {},
  tls: { insecure: false },
  arrivals: "poisson",
  step: "5s",
  precision: "5%",
  maxRate: "100000/s",
  margin: "10%",
  timeout: "10s",
  transport: "auto",
  pacing: "auto",
  redact: true,
};

const P99_LIMIT_US = 200_000;

/** A step of a queue with one server: M/M/1 below its capacity, cut off above it. */
function queueStep(
  arm: string,
  capacityPerSec: number,
  at: { run: number; step: number; ratePerSec: number },
): SaturationStep {
  const { ratePerSec } = at;
  const load = Math.min(ratePerSec / capacityPerSec, 0.99);
  const meanUs = 1e6 / (capacityPerSec * (1 - load));
  const planned = Math.round(ratePerSec * 5);
  const offered = Math.round(ratePerSec * 4);
  const good = Math.round(offered * Math.min(capacityPerSec / ratePerSec, 1));
  const measures = {
    responses: planned,
    errors: 0,
    dropped: 0,
    offered,
    good,
    offeredDropped: 0,
    p50Us: meanUs * Math.log(2),
    p99Us: meanUs * Math.log(100),
    generatorLagP99Us: 300,
    throughputPerSec: Math.min(ratePerSec, capacityPerSec),
    concurrency: load / (1 - load),
    backlogGrowth: offered - good,
  };
  const { dropped, errors, offeredDropped: _, responses, ...judged } = measures;
  return {
    arm,
    ...at,
    ...judgeStep(measures, P99_LIMIT_US),
    ledger: { planned, responses, errors, dropped },
    ...judged,
    goodputRatio: good / offered,
    observations: [`observations/${arm}-0${at.run}-0${at.step}-worker-0.spool`],
  };
}

/** A whole result, of simulated queues with these capacities: a control and a target, or a target. */
export function simulated(
  capacities: readonly number[],
  runs = 1,
  maxRate = "100000/s",
): Saturation {
  const steps: SaturationStep[] = [];
  const names = capacities.length > 1 ? ["control", "target"] : ["target"];
  const control = capacities.length > 1 ? { control: "http://127.0.0.1:8081" } : {};
  const options = saturateOptions({ ...FLAGS, ...control, runs, maxRate });
  const arms = names.map((arm, index) => {
    const capacityPerSec = capacities[index]!;
    const searches: SaturationSearch[] = [];
    for (let run = 1; run <= runs; run++) {
      const tried: SaturationStep[] = [];
      const startPerSec = (capacityPerSec / 2) * (1 + run / 50);
      const bounds = { startPerSec, minPerSec: 5, maxPerSec: options.maxPerSec, precision: 0.05 };
      for (;;) {
        const next = nextStep(tried, { ...bounds, stepsMax: 16 });
        if (next.kind === "end") {
          searches.push({ run, ...bracketOf(tried), end: next.end });
          break;
        }
        const at = { run, step: tried.length + 1, ratePerSec: next.ratePerSec };
        tried.push(queueStep(arm, capacityPerSec, at));
      }
      steps.push(...tried);
    }
    const ceiling = {
      ratePerSec: capacityPerSec,
      levels: [{ connections: 1, ratePerSec: capacityPerSec }],
    };
    return { arm, origin: `http://127.0.0.1:808${index}`, ceiling, searches };
  });
  return saturationResult({
    options,
    profile: { manifest: { name: "day <b>" }, records: [] } as never,
    version: "0.0.0",
    run: {
      id: "0123456789abcdef",
      startedAt: "2026-03-02T09:30:00.000Z",
      durationS: 61,
      command: "shakedown saturate day.ndjson.gz",
      seed: "1",
      complete: true,
      incompleteBecause: null,
    },
    limit: { us: P99_LIMIT_US, from: { arm: names[0]!, ratePerSec: 20, p99Us: P99_LIMIT_US / 10 } },
    arms,
    steps,
    warnings: [],
  });
}
