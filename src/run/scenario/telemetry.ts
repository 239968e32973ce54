import { z } from "zod";

const port = z.int().min(1).max(65_535);

/** Whether arms are asked to tell of themselves by OpenTelemetry. */
export const telemetry = z.union([
  z.boolean().transform((receive) => ({ receive, ports: {} as Record<string, number> })),
  z.strictObject({
    receive: z
      .boolean()
      .default(true)
      .describe("each arm has a receiver, and the environment that makes an SDK send to it"),
    ports: z
      .record(z.string(), port)
      .default({})
      .describe("fixed ports of receivers by arm, for arms that run already"),
  }),
]);
export type ScenarioTelemetry = z.output<typeof telemetry>;
