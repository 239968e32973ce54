import { z } from "zod";
import { ratioField } from "../../core/index.ts";

const port = z.int().min(1).max(65_535);

const endpoint = z
  .url({ protocol: /^https?$/, error: "an http(s) address, such as http://127.0.0.1:4318" })
  .describe("of a collector that takes OTLP over HTTP");

/** What targets tell of themselves, and what is told of the run, by OpenTelemetry. */
export const telemetry = z.union([
  z.boolean().transform((receive) => ({ receive, ports: {}, export: undefined })),
  z.strictObject({
    receive: z
      .boolean()
      .default(true)
      .describe("each arm has a receiver, and the environment that makes an SDK send to it"),
    ports: z
      .record(z.string(), port)
      .default({})
      .describe("fixed ports of receivers by arm, for arms that run already"),
    export: z
      .strictObject({
        endpoint: endpoint.optional(),
        sample: ratioField().default(0.01).describe("of the requests: each becomes a span"),
      })
      .optional()
      .describe("traces and metrics of the run itself are sent to a collector"),
  }),
]);
export type ScenarioTelemetry = z.output<typeof telemetry>;
