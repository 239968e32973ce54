import { type CallsSeen, seeCalls } from "./calls-seen.ts";
import { type Detected, detected } from "./findings-of.ts";
import type { RunFiles } from "./gather.ts";

/** What detectors and the emulator's calls tell of a run, which needs nothing that is compared: plain. */
export interface SeenBeside {
  readonly detected: Detected;
  readonly callsSeen: CallsSeen | null;
}

/** Goes through a run's files for what needs no comparison. */
export const seeRun = (files: RunFiles): SeenBeside => ({
  detected: detected(files),
  callsSeen: seeCalls(files),
});
