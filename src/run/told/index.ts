/** What a run tells others of itself, by OpenTelemetry: to be loaded by runs that are asked to. */
import type { ReportModel } from "../../report/index.ts";
import { startExport } from "../../telemetry/index.ts";
import type { RunEvent } from "../live.ts";
import { REQUEST_SPANS_MAX, tellRequests } from "./request-spans.ts";
import { RunMeters } from "./run-meters.ts";
import { RunSpans } from "./run-spans.ts";

/** Where to, and how much. */
export interface TellOptions {
  /** Where a collector takes OTLP over HTTP; null: what the OTEL_* environment says. */
  readonly endpoint: string | null;
  /** Share of starts that are told as spans, 0 to 1. */
  readonly sample: number;
  readonly scenario: string;
  readonly version: string;
  readonly onWarning: (message: string) => void;
}

/** Tells a run while it goes on. */
export interface Teller {
  hear(event: RunEvent): void;
  /** With what it came to, or null; requests are told now that no traffic is held up. Never throws. */
  end(model: ReportModel | null): Promise<void>;
}

/** Starts to tell. Whatever goes wrong with it is a warning, and the run goes on. */
export async function startTelling(options: TellOptions): Promise<Teller> {
  const { endpoint, onWarning, sample, scenario, version } = options;
  const onFailure = (message: string): void =>
    onWarning(`telemetry of the run is not all exported: ${message}`);
  const exporting = await startExport({ endpoint, version, onFailure });
  const spans = new RunSpans(exporting.tracer, { "shakedown.scenario": scenario });
  const meters = new RunMeters(exporting.meter);
  const attempt = (tell: () => void): void => {
    try {
      tell();
    } catch (thrown) {
      onFailure(thrown instanceof Error ? thrown.message : String(thrown));
    }
  };
  return {
    hear: (event) =>
      attempt(() => {
        spans.hear(event);
        meters.hear(event);
      }),
    end: async (model) => {
      attempt(() => spans.end(model));
      const max = Math.floor(REQUEST_SPANS_MAX / Math.max(spans.runs.length, 1));
      for (const run of spans.runs) attempt(() => tellRequests(exporting, run, { max, sample }));
      await exporting.end();
    },
  };
}
