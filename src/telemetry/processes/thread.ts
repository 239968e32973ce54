import { startThread } from "../../core/index.ts";
import { readIfThere } from "./proc-files.ts";
import type { SampledArm } from "./sampler.ts";

export interface SamplerData {
  readonly arms: readonly SampledArm[];
  /** Origin of the run's clock, as of `process.hrtime.bigint()`; may lie a little ahead. */
  readonly originNs: bigint;
  readonly path: string;
}

/**
 * Writes down, once a second until `stop`, what arms use, in a thread of its own. Where `/proc` is
 * not there, or nobody was started, nothing is written; should the thread die, the log ends.
 */
export function startProcessSampler(data: SamplerData): { stop(): Promise<void> } {
  if (data.arms.length === 0 || readIfThere("/proc/self/stat") === null) {
    return { stop: () => Promise.resolve() };
  }
  const thread = startThread("sampler-thread", import.meta.url, { workerData: data });
  const ended = Promise.withResolvers<void>();
  thread.on("error", () => ended.resolve());
  thread.on("exit", () => ended.resolve());
  return {
    stop() {
      thread.postMessage("stop");
      return ended.promise;
    },
  };
}
