import {
  formatCount,
  formatDurationNs,
  formatRatePerSec,
  formatUs,
  NS_PER_S,
  STANDARD_INPUT,
} from "../core/index.ts";
import type { LiveArm, RunEvent } from "../run/index.ts";
import type { CliIo } from "./command.ts";
import { shortPath } from "./short-path.ts";

/** Shows a run while it goes on. `end` leaves the terminal as it was. */
export interface RunView {
  readonly show: (event: RunEvent) => void;
  readonly end: () => void;
}

type Stream = CliIo["stdout"];

const BAR_CELLS = 24;

function outcomeOf({ dropped, failed, p50Us, p95Us, planned, responses }: LiveArm): string {
  const times = responses === 0 ? "no answers" : `p50 ${formatUs(p50Us)}  p95 ${formatUs(p95Us)}`;
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

function statusLines(event: Extract<RunEvent, { kind: "tick" }>, durationNs: number): string[] {
  const share = Math.min(Math.max(event.elapsedNs / durationNs, 0), 1);
  const filled = Math.round(share * BAR_CELLS);
  const bar = "█".repeat(filled) + "░".repeat(BAR_CELLS - filled);
  const leftS = Math.max(Math.ceil((durationNs - event.elapsedNs) / NS_PER_S), 0);
  const width = widthOf(event.arms);
  const arms = event.arms.map((arm) => `  ${arm.arm.padEnd(width)} ${outcomeOf(arm)}`);
  const dependencies = Object.entries(event.emulator).map(
    ([dependency, byArm]) =>
      `${dependency} ${Object.values(byArm)
        .map((counts) => counts.inFlight)
        .join("/")}`,
  );
  const names = event.arms.map(({ arm }) => arm).join("/");
  const inFlight =
    dependencies.length === 0 ? [] : [`  calls in flight (${names}): ${dependencies.join(", ")}`];
  return [`${bar} ${leftS} s left`, ...arms, ...inFlight];
}

function common(event: RunEvent): string[] {
  switch (event.kind) {
    case "reading":
      return [
        `reading ${event.path === STANDARD_INPUT ? "standard input" : shortPath(event.path)}`,
      ];
    case "run":
      return [`run ${event.run} of ${event.runs}: ${event.first} is started first`];
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
    case "stopping":
      return [`stopping: ${event.because}; keeping what was measured`];
    case "judging":
      return ["judging"];
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

/** The lines of the last tick are redrawn in place, below what was printed. */
function liveView(stream: Stream, color: boolean): RunView {
  let drawn = 0;
  let durationNs = 1;
  const erase = (): void => {
    if (drawn > 0) stream.write(`\x1b[${drawn}A\x1b[0J`);
    drawn = 0;
  };
  const fit = (line: string): string =>
    Array.from(line)
      .slice(0, (stream.columns ?? 100) - 1)
      .join("");
  return {
    show(event) {
      erase();
      if (event.kind === "traffic") ({ durationNs } = event);
      for (const line of common(event)) stream.write(`${fit(line)}\n`);
      if (event.kind !== "tick") return;
      const lines = statusLines(event, durationNs).map(fit);
      for (const line of lines) stream.write(color ? `\x1b[2m${line}\x1b[0m\n` : `${line}\n`);
      drawn = lines.length;
    },
    end: erase,
  };
}

/** Live on a terminal, plain lines elsewhere. */
export function runView(stream: Stream, options: { readonly color: boolean }): RunView {
  return stream.isTTY === true && process.env["TERM"] !== "dumb"
    ? liveView(stream, options.color)
    : plainView(stream);
}
