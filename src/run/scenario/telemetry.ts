import { z } from "zod";
import { ratioField } from "../../core/fields/index.ts";

const port = z.int().min(1).max(65_535);

/** Starts whose requests are told as spans, unless a scenario says. */
export const TOLD_SHARE = 0.01;

const exported = z.strictObject({
  endpoint: z
    .url({ protocol: /^https?$/ })
    .describe("where a collector takes OTLP over HTTP, such as http://127.0.0.1:4318"),
  sample: ratioField()
    .default(TOLD_SHARE)
    .describe("the share of starts whose requests are told as spans, after the traffic"),
});

export interface ScenarioTelemetry {
  readonly receive: boolean;
  readonly ports: Readonly<Record<string, number>>;
  readonly export?: z.output<typeof exported>;
}

/** Whether arms are asked to tell of themselves by OpenTelemetry, and whom the run tells of itself. */
export const telemetry = z.union([
  z.boolean().transform((receive): ScenarioTelemetry => ({ receive, ports: {} })),
  z
    .strictObject({
      receive: z
        .boolean()
        .optional()
        .describe(
          "each arm has a receiver, and the environment that makes an SDK send to it; " +
            "false where only `export` is given, else true",
        ),
      ports: z
        .record(z.string(), port)
        .optional()
        .describe("fixed ports of receivers by arm, for arms that run already"),
      export: exported.optional().describe("the run's own traces and metrics go there"),
    })
    .transform(({ export: to, ports, receive }): ScenarioTelemetry => ({
      receive: receive ?? (to === undefined || ports !== undefined),
      ports: ports ?? {},
      ...(to === undefined ? {} : { export: to }),
    })),
]);
