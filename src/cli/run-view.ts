import {
  formatCount,
  formatDurationNs,
  formatRatePerSec,
  formatUs,
  NS_PER_S,
  STANDARD_INPUT,
} from "../core/index.ts";
import { type LiveArm, rampWords, type RunEvent, throttleWords } from "../run/index.ts";
import type { CliIo } from "./command.ts";
import { bannerLines } from "./run-banner.ts";
import { RunStatus } from "./run-status.ts";
import { shortPath } from "./short-path.ts";

/** Shows a run while it goes on. `end` leaves the terminal as it was. */
export interface RunView {
  readonly show: (event: RunEvent) => void;
  readonly end: () => void;
}

type Stream = CliIo["stdout"];

function outcomeOf({ dropped, failed, p50Us, p99Us, planned, responses }: LiveArm): string {
  const times = responses === 0 ? "no answers" : `p50 ${formatUs(p50Us)}  p99 ${formatUs(p99Us)}`;
  const failures = failed === 0 ? "" : `  ${formatCount(failed)} failed`;
  const drops = dropped === 0 ? "" : `  ${formatCount(dropped)} dropped`;
  return `${formatCount(planned).padStart(6)} requests  ${times}${failures}${drops}`;
}

const widthOf = (arms: readonly LiveArm[]): number =>
  Math.max(...arms.map(({ arm }) => arm.length));

function stageLines(event: Extract<RunEvent, { kind: "stage-end" }>): string[] {
  const title = `stage ${event.name} (${formatRatePerSec(event.ratePerSec)})`;
  const width = widthOf(event.arms);
  return [title, ...event.arms.map((arm) => `  ${arm.arm.padEnd(width)} ${outcomeOf(arm)}`)];
}

function common(event: RunEvent): string[] {
  switch (event.kind) {
    case "reading":
      return [
        `reading ${event.path === STANDARD_INPUT ? "standard input" : shortPath(event.path)}`,
      ];
    case "run":
      return [`run ${event.run} of ${event.runs}: ${event.first} is started first`];
    case "plan":
      return [...bannerLines(event.plan, event.sizing), ""];
    case "starting":
      return [`starting ${event.what}`];
    case "warning":
      return [`warning: ${event.message}`];
    case "traffic": {
      const stages = event.stages === 1 ? "" : `${event.stages} stages, `;
      return [
        `replaying ${stages}${formatDurationNs(event.durationNs)}, into ${event.directory}`,
        `  ${event.load}`,
      ];
    }
    case "stage-end":
      return stageLines(event);
    case "gate": {
      const { arm, decision, stage } = event.gate;
      const whose = arm === "variant" ? "" : `, ${arm}`;
      return [`gate after ${stage}${whose}: ${decision.replace("-", " ")}`];
    }
    case "cut": {
      const { arm, because, decision } = event.cut;
      return [`${arm} is cut (${decision.replace("-", " ")}): ${because}; the others go on`];
    }
    case "throttle":
      return [throttleWords(event.throttling)];
    case "ramp":
      return [rampWords(event.held)];
    case "stopping":
      return [
        `stopping: ${event.because}; keeping what was measured`,
        ...(event.because === "interrupted"
          ? ["  once more (Ctrl-C) stops now, without a verdict"]
          : []),
      ];
    case "asked": {
      const { ask, by, reason } = event.asked;
      const who = by === undefined ? "" : ` by ${by}`;
      return [`asked${who}: ${ask.replaceAll("-", " ")}${reason === "" ? "" : `: ${reason}`}`];
    }
    case "judging":
      return ["judging"];
    case "look":
    case "opened":
    case "verdict":
    case "tick":
      return [];
  }
}

/** Lines that are printed once; every fifth tick a line of progress, for logs. */
function plainView(stream: Stream): RunView {
  let ticks = 0;
  return {
    show(event) {
      for (const line of common(event)) stream.write(`${line}\n`);
      if (event.kind !== "tick" || ++ticks % 5 !== 0) return;
      const arms = event.arms.map((arm) => `${arm.arm} ${outcomeOf(arm).trim()}`).join(" | ");
      stream.write(`  ${Math.round(event.elapsedNs / NS_PER_S)} s: ${arms}\n`);
    },
    end() {},
  };
}

/** What goes on is redrawn in place, below what was printed. */
function liveView(stream: Stream, color: boolean): RunView {
  const status = new RunStatus();
  let drawn = 0;
  const erase = (): void => {
    if (drawn > 0) stream.write(`\x1b[${drawn}A\x1b[0J`);
    drawn = 0;
  };
  const fit = (line: string): string =>
    Array.from(line)
      .slice(0, (stream.columns ?? 80) - 1)
      .join("");
  return {
    show(event) {
      status.see(event);
      const lines = common(event);
      if (lines.length === 0 && event.kind !== "tick") return;
      erase();
      for (const line of lines) stream.write(`${line}\n`);
      if (event.kind !== "tick") return;
      const shown = status.lines().map(fit);
      for (const line of shown) stream.write(color ? `\x1b[2m${line}\x1b[0m\n` : `${line}\n`);
      drawn = shown.length;
    },
    end: erase,
  };
}

const SILENT: RunView = { show() {}, end() {} };

/** Live on a terminal, plain lines elsewhere; nothing at all where it is to be quiet. */
export function runView(
  stream: Stream,
  options: { readonly color: boolean; readonly quiet?: boolean; readonly plain?: boolean },
): RunView {
  if (options.quiet === true) return SILENT;
  return stream.isTTY === true && process.env["TERM"] !== "dumb" && options.plain !== true
    ? liveView(stream, options.color)
    : plainView(stream);
}
