import type autocannon from "autocannon";
import { messageOf } from "../../core/index.ts";
import type { ProfileRecord, RecordStore } from "../../profile/index.ts";
import { prepareRequest, type TransportTarget } from "../../replay/index.ts";
import type { SaturationArm } from "../../report/index.ts";

type Ceiling = SaturationArm["ceiling"];

/** Connections that are tried, each of which waits for its answer before it asks again. */
const CONNECTIONS = [1, 4, 16, 64] as const;
/** Less growth than this from one level to the next: more connections would only queue. */
const GROWTH_MIN = 0.05;
const LEVEL_S = 2;
/** It asks in bursts, one at the start of each second: three of them in a level of two seconds. */
const BURSTS_PER_S = 1.5;
/** Each connection keeps its own copy of all requests, so a large profile is thinned evenly. */
const RECORDS_MAX = 256;

export interface CeilingOptions {
  readonly target: TransportTarget;
  readonly headers: Readonly<Record<string, string>>;
  readonly records: RecordStore;
  /** No level sends more than this on average. */
  readonly maxPerSec: number;
  readonly timeoutS: number;
  readonly onLevel: (level: Ceiling["levels"][number]) => void;
}

/** Evenly spaced through the profile, so that every part of it has its share. */
function thinned(records: RecordStore): readonly ProfileRecord[] {
  const length = Math.min(records.length, RECORDS_MAX);
  const step = records.length / length;
  return Array.from({ length }, (_, i) => records.record(Math.floor(i * step)));
}

/** What autocannon asks for: the headers as they are sent otherwise, but for what it sets itself. */
function requestsOf({ headers, records, target }: CeilingOptions): autocannon.Request[] {
  return thinned(records).map((record) => {
    const prepared = prepareRequest(record, 0, { origin: target.origin, headers });
    const named: Record<string, string> = {};
    for (let i = 0; i < prepared.headers.length; i += 2) {
      const [name, value] = [prepared.headers[i]!, prepared.headers[i + 1]!];
      named[name] = named[name] === undefined ? value : `${named[name]}, ${value}`;
    }
    return {
      method: prepared.method as NonNullable<autocannon.Request["method"]>,
      path: prepared.path,
      headers: named,
      ...(prepared.body === null ? {} : { body: prepared.body }),
    };
  });
}

/** How many requests a burst may have, so that a level keeps to the highest rate on average. */
const burstOf = ({ maxPerSec }: CeilingOptions): number =>
  Math.max(Math.floor(maxPerSec / BURSTS_PER_S), 1);

/** Answers below 500 per second with so many connections. */
async function throughputPerSec(
  options: CeilingOptions,
  connections: number,
  signal: AbortSignal,
): Promise<number> {
  const { target, timeoutS } = options;
  const { tls } = target;
  const requests = requestsOf(options);
  const { default: ask } = await import("autocannon");
  let begun = 0;
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const instance = ask(
      {
        url: target.origin,
        connections,
        duration: LEVEL_S,
        // How often it looks whether time is up, in ms.
        sampleInt: 100,
        timeout: timeoutS,
        overallRate: burstOf(options),
        // Its correction is for latencies, of which none is used here.
        ignoreCoordinatedOmission: true,
        requests,
        // Each connection begins elsewhere, so that they do not all ask for the same at once.
        setupClient: (client) => {
          const at = Math.floor((begun++ * requests.length) / connections);
          client.setRequests(
            [...requests.slice(at), ...requests.slice(0, at)].map((r) => ({ ...r })),
          );
        },
        ...(tls === null
          ? {}
          : {
              tlsOptions: { ca: tls.ca, cert: tls.cert, key: tls.key },
              ...(tls.servername === undefined ? {} : { servername: tls.servername }),
            }),
      },
      (error: unknown, ended) => {
        signal.removeEventListener("abort", stop);
        if (error === null || error === undefined) resolve(ended);
        else reject(error instanceof Error ? error : new Error(messageOf(error)));
      },
    );
    const stop = (): void => instance.stop();
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
  });
  signal.throwIfAborted();
  const answered = result["1xx"] + result["2xx"] + result["3xx"] + result["4xx"];
  return result.duration > 0 ? answered / result.duration : 0;
}

/**
 * Roughly how many requests per second a target answers, found in a closed loop: with 1, 4, 16 and
 * 64 connections, two seconds each, until more of them bring less than 5 % more. 0 when none was
 * answered below 500. Only a place for a search to begin: a closed loop waits for slow answers, so
 * it says nothing of how long users would have waited.
 */
export async function closedLoopCeiling(
  options: CeilingOptions,
  signal: AbortSignal,
): Promise<Ceiling> {
  const levels: Ceiling["levels"] = [];
  let ratePerSec = 0;
  for (const connections of CONNECTIONS) {
    if (connections > burstOf(options)) break;
    const level = { connections, ratePerSec: await throughputPerSec(options, connections, signal) };
    levels.push(level);
    options.onLevel(level);
    const grew = level.ratePerSec > ratePerSec * (1 + GROWTH_MIN);
    ratePerSec = Math.max(ratePerSec, level.ratePerSec);
    if (!grew) break;
  }
  return { ratePerSec, levels };
}
