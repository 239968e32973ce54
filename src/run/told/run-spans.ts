import { type Attributes, ROOT_CONTEXT, type Span, trace, type Tracer } from "@opentelemetry/api";
import { NS_PER_MS } from "../../core/index.ts";
import { type Plan, registerPlan } from "../../experiment/index.ts";
import type { ReportModel } from "../../report/index.ts";
import type { LiveArm, RunEvent } from "../live.ts";
import { type Manifest, readManifest, readPlan } from "../manifest.ts";
import { RunDirectory } from "../run-directory.ts";

/** A run of which traffic has begun. */
export interface ToldRun {
  readonly directory: RunDirectory;
  readonly manifest: Manifest;
  readonly plan: Plan;
  readonly span: Span;
}

type Traffic = Extract<RunEvent, { readonly kind: "traffic" }>;
type StageEnd = Extract<RunEvent, { readonly kind: "stage-end" }>;

/** Of a moment on the run's clock, milliseconds since 1970. */
export const wallMs = ({ trafficStartedAt }: Manifest, atNs: number): number =>
  Date.parse(trafficStartedAt) + atNs / NS_PER_MS;

const armAttributes = ({ arm, dropped, failed, planned, responses }: LiveArm): Attributes => ({
  [`shakedown.${arm}.planned`]: planned,
  [`shakedown.${arm}.responses`]: responses,
  [`shakedown.${arm}.failed`]: failed,
  [`shakedown.${arm}.dropped`]: dropped,
});

/**
 * A span for the experiment, below it one for each run's traffic, and below that one for each
 * stage, by what the run says of itself: what cannot be read of its files is left out.
 */
export class RunSpans {
  /** In the order in which their traffic began. */
  readonly runs: ToldRun[] = [];
  readonly #tracer: Tracer;
  readonly #experiment: Span;
  #run: ToldRun | null = null;
  #number = 1;

  constructor(tracer: Tracer, attributes: Attributes) {
    this.#tracer = tracer;
    this.#experiment = tracer.startSpan("experiment", { attributes, root: true });
  }

  hear(event: RunEvent): void {
    if (event.kind === "run") this.#number = event.run;
    else if (event.kind === "traffic") this.#begin(event);
    else if (event.kind === "stage-end") this.#stage(event);
    else if (event.kind === "judging") this.#endRun();
    else if (event.kind === "stopping") {
      this.#run?.span.addEvent("stopping", { "shakedown.because": event.because });
    } else if (event.kind === "throttle") {
      const { because, share, stage } = event.throttling;
      this.#run?.span.addEvent("load halved", {
        "shakedown.stage": stage,
        "shakedown.share": share,
        "shakedown.because": because,
      });
    } else if (event.kind === "ramp") {
      const { because, ratePerSec, stage, untilNs } = event.held;
      this.#run?.span.addEvent(untilNs === null ? "ramp held" : "ramp goes on", {
        "shakedown.stage": stage,
        "shakedown.rate": ratePerSec,
        "shakedown.because": because,
      });
    } else if (event.kind === "cut") {
      const { arm, because, decision } = event.cut;
      this.#run?.span.addEvent("variant cut", {
        "shakedown.arm": arm,
        "shakedown.decision": decision,
        "shakedown.because": because,
      });
    } else if (event.kind === "gate") {
      const { arm, decision, stage } = event.gate;
      this.#run?.span.addEvent("gate", {
        "shakedown.arm": arm,
        "shakedown.stage": stage,
        "shakedown.decision": decision,
      });
    }
  }

  /** With what it came to; null when it came to nothing. */
  end(model: ReportModel | null): void {
    this.#endRun();
    if (model !== null) {
      const { decision, findings, reason } = model.result;
      this.#experiment.setAttributes({
        "shakedown.decision": decision ?? "none",
        "shakedown.reason": reason,
      });
      for (const { detector, status, subject, summary } of findings) {
        if (status !== "fail") continue;
        this.#experiment.addEvent("finding", {
          "shakedown.detector": detector,
          "shakedown.subject": subject,
          "shakedown.summary": summary,
        });
      }
    }
    this.#experiment.end();
  }

  #begin({ directory: path, load }: Traffic): void {
    this.#endRun();
    const directory = new RunDirectory(path);
    const manifest = readManifest(directory);
    const { plan } = readPlan(directory, registerPlan);
    const span = this.#tracer.startSpan(
      "run",
      {
        startTime: wallMs(manifest, 0),
        attributes: {
          "shakedown.run": this.#number,
          "shakedown.run.id": manifest.runId,
          "shakedown.seed": plan.seed,
          "shakedown.load": load,
        },
      },
      trace.setSpan(ROOT_CONTEXT, this.#experiment),
    );
    this.#run = { directory, manifest, plan, span };
    this.runs.push(this.#run);
  }

  #stage({ arms, name, ratePerSec, stage }: StageEnd): void {
    const run = this.#run;
    const planned = run?.plan.stages[stage];
    if (run === null || planned === undefined) return;
    const counts = arms.map(armAttributes);
    const span = this.#tracer.startSpan(
      `stage ${name}`,
      {
        startTime: wallMs(run.manifest, planned.startNs),
        attributes: Object.assign(
          { "shakedown.stage": name, "shakedown.rate": ratePerSec },
          ...counts,
        ) as Attributes,
      },
      trace.setSpan(ROOT_CONTEXT, run.span),
    );
    span.end();
  }

  #endRun(): void {
    this.#run?.span.end();
    this.#run = null;
  }
}
