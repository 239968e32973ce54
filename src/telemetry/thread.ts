import { type PlainError, revivedError, ShakedownError, startThread } from "../core/index.ts";
import type { ReceiverOptions, Receivers } from "./receivers.ts";
import type { IntakeAccount } from "./telemetry-log.ts";

export type FromReceivers =
  | { readonly kind: "ready"; readonly endpoints: Readonly<Record<string, string>> }
  | { readonly kind: "refused"; readonly error: PlainError }
  | { readonly kind: "stopped"; readonly accounts: readonly IntakeAccount[] };

/**
 * `startReceivers` in a thread of its own. Should the thread die, the run goes on: what had come
 * by then is in the file, and `stop` gives no accounts.
 * @throws PORT_IN_USE, OUTPUT_UNWRITABLE
 */
export async function startReceiversThread(options: ReceiverOptions): Promise<Receivers> {
  const ready = Promise.withResolvers<Readonly<Record<string, string>>>();
  const stopped = Promise.withResolvers<readonly IntakeAccount[]>();
  const thread = startThread("receivers-thread", import.meta.url, { workerData: options });
  const fail = (error: ShakedownError): void => {
    ready.reject(error);
    stopped.resolve([]);
  };
  thread.on("message", (message: FromReceivers) => {
    if (message.kind === "ready") ready.resolve(message.endpoints);
    else if (message.kind === "stopped") stopped.resolve(message.accounts);
    else fail(revivedError(message.error));
  });
  thread.on("error", (cause) => {
    fail(new ShakedownError("INTERNAL", "the telemetry receiver's thread died", { cause }));
  });
  thread.on("exit", () => stopped.resolve([]));
  return {
    endpoints: await ready.promise,
    stop() {
      thread.postMessage("stop");
      return stopped.promise;
    },
  };
}

/**
 * What makes an instrumented target send to its receiver, often enough to be of use. Both arms are
 * told the same, but for the address and the arm's name.
 */
export const telemetryEnv = (about: {
  readonly endpoint: string;
  readonly runId: string;
  readonly arm: string;
}): Record<string, string> => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: about.endpoint,
  OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
  OTEL_METRICS_EXPORTER: "otlp",
  OTEL_TRACES_EXPORTER: "otlp",
  OTEL_LOGS_EXPORTER: "none",
  OTEL_METRIC_EXPORT_INTERVAL: "1000",
  OTEL_METRIC_EXPORT_TIMEOUT: "1000",
  OTEL_BSP_SCHEDULE_DELAY: "1000",
  OTEL_RESOURCE_ATTRIBUTES: `shakedown.run.id=${about.runId},shakedown.arm=${about.arm}`,
});
