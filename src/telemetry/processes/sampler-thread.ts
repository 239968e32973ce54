import { closeSync, openSync, writeSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { standBack } from "../../core/index.ts";
import { processLine } from "./process-line.ts";
import { ProcessSampler } from "./sampler.ts";
import type { SamplerData } from "./thread.ts";

/* The sampler's own thread: to look at processes takes milliseconds, which nobody else waits for. */

const SAMPLE_MS = 1_000;

// Whoever keeps deadlines comes first.
standBack();

const port = parentPort!;
const { arms, originNs, path } = workerData as SamplerData;
const sampler = new ProcessSampler(arms);
let file: number | null = null;

/** Where nothing can be read or written, the log ends. */
function sample(): void {
  try {
    const line = processLine(sampler.sample(Number(process.hrtime.bigint() - originNs)));
    file ??= openSync(path, "w");
    writeSync(file, line);
  } catch {
    clearInterval(sampling);
  }
}

const sampling = setInterval(sample, SAMPLE_MS);
sample();
// The only thing that is ever said to it: stop.
port.once("message", () => {
  clearInterval(sampling);
  sample();
  if (file !== null) closeSync(file);
  port.close();
});
