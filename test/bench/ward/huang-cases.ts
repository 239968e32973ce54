import type { Env, WardCase } from "./model.ts";

/*
 * The retry case of Huang et al., OSDI 2022, "Metastable Failures in the Wild", smaller: requests at a
 * fixed gap, a timeout, up to four immediate resends, and a capacity that is cut for τ. One server of
 * 20 ms a call serves 50 a second; 40 come. Cut to 33 a second its queue grows by 0.2 s each second,
 * and calls are given up, and sent again, once it is as long as the timeout of 2 s: after 10 s. From a
 * shorter cut everybody comes back; from a longer one those do who send nothing again, or one call in
 * ten, or wait for as long as it takes.
 */
const TIMEOUT_MS = "2000";
const WELL: Env = { WARD: "resend", RESENDS: "0", TIMEOUT_MS };
const SICK: Env = { WARD: "resend", RESENDS: "4", TIMEOUT_MS };
/** One call in ten may be sent again. */
const BUDGETED: Env = { ...SICK, BUDGET: "10" };
/** Nothing is given up, so that all of it waits in one line, which empties. */
const PATIENT: Env = { ...WELL, TIMEOUT_MS: "20000" };

function huangCase(name: string, cutS: number, rest: Partial<WardCase>): WardCase {
  return {
    name,
    detector: null,
    cause: /^$/,
    size: null,
    byRates: "named",
    ratePerSec: 40,
    arrivals: "uniform",
    dependencies: {
      origin: { latency: { kind: "constant", value: "20ms" }, capacity: { servers: 1 } },
    },
    stages: [
      { name: "warm-up", rate: "100%", for: "2s", judge: false },
      { name: "before", rate: "100%", for: "8s" },
      {
        name: "cut",
        rate: "100%",
        for: `${cutS}s`,
        judge: false,
        probe: { dependency: "origin", latency: { factor: 1.5 } },
      },
      // Who sends nothing again has made up for it after 11 s; the rule wants as long again.
      { name: "after", rate: "100%", for: "30s" },
    ],
    well: () => WELL,
    // One server is one server.
    rates: [1],
    ...rest,
  };
}

const short = (name: string, cutS: number): WardCase =>
  huangCase(name, cutS, { lookAlikes: { resending: () => SICK } });

const long = (name: string, cutS: number): WardCase =>
  huangCase(name, cutS, {
    detector: "metastable",
    // Without identity attempts are calls.
    cause: /^metastable failure after cut \((?:attempts per call|calls per request)\)$/,
    // What keeps it going; and that nobody waits for it any more.
    also: ["retry-storm", "timeout-inversion", "no-backpressure"],
    sick: () => SICK,
    lookAlikes: { budgeted: () => BUDGETED, patient: () => PATIENT },
  });

export const HUANG_CASES: readonly WardCase[] = [
  short("huang-short", 5),
  short("huang-9s", 9),
  long("huang-11s", 11),
  long("huang-long", 15),
];
