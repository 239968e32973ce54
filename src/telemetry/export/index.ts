/** OpenTelemetry's SDK, for what a run tells of itself: loaded by who asks for it, and by none else. */
import type { ExportOptions, Exporting } from "./sdk.ts";

export type { Exporting, ExportOptions } from "./sdk.ts";

/** Loads and starts the SDK. One at a time in a process. */
export async function startExport(options: ExportOptions): Promise<Exporting> {
  const { startSdk } = await import("./sdk.ts");
  return startSdk(options);
}
