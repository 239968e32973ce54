import {
  context,
  diag,
  DiagLogLevel,
  type DiagLogger,
  logs,
  metrics,
  type Meter,
  propagation,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import {
  AggregationType,
  InstrumentType,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { type SpanIds, WireIds } from "./ids.ts";

export interface ExportOptions {
  /** Where a collector takes OTLP over HTTP; null: what the OTEL_* environment says. */
  readonly endpoint: string | null;
  readonly version: string;
  /** The first thing that keeps anything from being exported; later ones are not told. */
  readonly onFailure: (message: string) => void;
}

/** An OpenTelemetry SDK that runs. */
export interface Exporting {
  readonly tracer: Tracer;
  readonly meter: Meter;
  /** The one root span that is started in `start` has these ids. */
  readonly pin: <Made>(ids: SpanIds, start: () => Made) => Made;
  /** Sends what is left, for so long at most. Never throws. */
  end(): Promise<void>;
}

/** How often metrics are sent, unless OTEL_METRIC_EXPORT_INTERVAL says; its own default is a minute. */
const METRIC_INTERVAL_MS = 5_000;
/** How long an end waits for a collector: nobody waits for it in vain for longer. */
const END_MS = 3_000;
/** Buckets of a histogram: two decades within 4 %, as many within 9 %. */
const HISTOGRAM_BUCKETS = 160;

const NAME = "shakedown";

function exporters(endpoint: string) {
  const base = endpoint.replace(/\/+$/, "");
  const set = Number(process.env["OTEL_METRIC_EXPORT_INTERVAL"]);
  const intervalMs = set > 0 ? set : METRIC_INTERVAL_MS;
  return {
    traceExporter: new OTLPTraceExporter({ url: `${base}/v1/traces` }),
    metricReaders: [
      new PeriodicExportingMetricReader({
        exporter: new OTLPMetricExporter({ url: `${base}/v1/metrics` }),
        exportIntervalMillis: intervalMs,
        exportTimeoutMillis: Math.min(intervalMs, END_MS),
      }),
    ],
  };
}

/** Passes on the first of all that it is told. */
function firstOnly(onFailure: (message: string) => void): (message: string) => void {
  let told = false;
  return (message) => {
    if (told) return;
    told = true;
    onFailure(message);
  };
}

/** What the SDK has to say that matters: errors and warnings. */
function listener(tell: (message: string) => void): DiagLogger {
  const ignore = (): void => {};
  return { error: tell, warn: tell, info: ignore, debug: ignore, verbose: ignore };
}

/**
 * Starts OpenTelemetry's SDK for Node.js, by the OTEL_* environment but for what is given. Its
 * providers are this process's while it runs: one at a time.
 */
export function startSdk({ endpoint, onFailure, version }: ExportOptions): Exporting {
  const ids = new WireIds();
  const tell = firstOnly(onFailure);
  const sdk = new NodeSDK({
    ...(endpoint === null ? {} : exporters(endpoint)),
    resource: resourceFromAttributes({ "service.name": NAME, "service.version": version }),
    // A command line and a user's name are nobody's business.
    resourceDetectors: [envDetector],
    // Nothing is logged.
    logRecordProcessors: [],
    idGenerator: ids,
    views: [
      {
        instrumentType: InstrumentType.HISTOGRAM,
        aggregation: {
          type: AggregationType.EXPONENTIAL_HISTOGRAM,
          options: { maxSize: HISTOGRAM_BUCKETS },
        },
      },
    ],
  });
  diag.setLogger(listener(tell), {
    logLevel: DiagLogLevel.WARN,
    suppressOverrideMessage: true,
  });
  sdk.start();
  return {
    tracer: trace.getTracer(NAME, version),
    meter: metrics.getMeter(NAME, version),
    pin: ids.pin,
    end: () => ended(sdk, tell),
  };
}

async function ended(sdk: NodeSDK, onFailure: (message: string) => void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(
      resolve,
      END_MS,
      `a collector did not take it all within ${END_MS / 1_000} s`,
    );
  });
  const failed = (thrown: unknown): string =>
    thrown instanceof Error ? thrown.message : String(thrown);
  const because = await Promise.race([sdk.shutdown().then(() => null, failed), late]);
  clearTimeout(timer);
  if (because !== null) onFailure(because);
  for (const api of [trace, metrics, logs, context, propagation, diag]) api.disable();
}
