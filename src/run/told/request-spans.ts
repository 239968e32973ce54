import { type Attributes, type Span, SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { keyedDraw, NS_PER_S, traceparentOf } from "../../core/index.ts";
import {
  isFailure,
  type Observation,
  type ObservationMeta,
  readObservations,
} from "../../measure/index.ts";
import type { Exporting } from "../../telemetry/index.ts";
import { type ToldRun, wallMs } from "./run-spans.ts";

type Started = Exclude<Observation, { readonly kind: "dropped" }>;

/** Requests told of an experiment, of all its runs and arms together: a batch that a collector takes at once. */
export const REQUEST_SPANS_MAX = 1_000;

/** Trace and span id, as the request had them on the wire at its first attempt. */
function idsOf(runId: string, { arm, seq }: Started) {
  const [, traceId = "", spanId = ""] = traceparentOf({ runId, seq, armIndex: arm }).split("-");
  return { traceId, spanId };
}

/** `GET /cart/{id}` is a method and a template; a route may be a name of another kind. */
function routeAttributes(route: string): Attributes {
  const [, method, template] = /^([A-Z]+) (\/.*)$/.exec(route) ?? [];
  if (method === undefined || template === undefined) return {};
  return { "http.request.method": method, "url.template": template };
}

function attributesOf(observation: Started, meta: ObservationMeta, origin: string): Attributes {
  const { endNs, intendedNs, startNs } = observation;
  const { hostname, port } = new URL(origin);
  return {
    ...routeAttributes(meta.routes[observation.route] ?? ""),
    "server.address": hostname,
    ...(port === "" ? {} : { "server.port": Number(port) }),
    ...(observation.kind === "response"
      ? { "http.response.status_code": observation.status }
      : { "error.type": observation.error }),
    "shakedown.arm": meta.arms[observation.arm] ?? "",
    "shakedown.stage": meta.stages[observation.stage] ?? "",
    "shakedown.response_time": (endNs - intendedNs) / NS_PER_S,
    "shakedown.start_lag": (startNs - intendedNs) / NS_PER_S,
  };
}

/**
 * Tells a share of a run's requests, those of the same starts in all arms, and `max` of them at
 * most. Each has the ids that it had on the wire, so that a target's own spans hang below it.
 * @throws SPOOL_INVALID
 */
export function tellRequests(
  { pin, tracer }: Pick<Exporting, "pin" | "tracer">,
  { directory, manifest, span: run }: ToldRun,
  { max, sample }: { readonly max: number; readonly sample: number },
): number {
  const observations = readObservations(...directory.observationSpools());
  const { meta } = observations;
  const share = Math.min(sample, max / Math.max(observations.rows, 1));
  const origins = new Map(manifest.targets.map(({ arm, origin }) => [arm, origin]));
  let told = 0;
  for (const observation of observations) {
    if (observation.kind === "dropped" || told >= max) continue;
    if (keyedDraw(manifest.runId, observation.seq).uniform("told") >= share) continue;
    const route = meta.routes[observation.route] ?? "request";
    const origin = origins.get(meta.arms[observation.arm] ?? "") ?? "http://127.0.0.1";
    const span = pin(idsOf(manifest.runId, observation), () =>
      tracer.startSpan(route, {
        root: true,
        kind: SpanKind.CLIENT,
        startTime: wallMs(manifest, observation.startNs),
        attributes: attributesOf(observation, meta, origin),
        links: [{ context: run.spanContext() }],
      }),
    );
    endAs(span, isFailure(observation), wallMs(manifest, observation.endNs));
    told++;
  }
  return told;
}

function endAs(span: Span, failed: boolean, atMs: number): void {
  if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end(atMs);
}
