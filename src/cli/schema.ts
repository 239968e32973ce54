import { z } from "zod";
import { profileManifestSchema, profileRecordSchema } from "../profile/index.ts";
import {
  apartJsonSchema,
  historyJsonSchema,
  liveEntrySchema,
  resilienceJsonSchema,
  resultJsonSchema,
  saturationJsonSchema,
} from "../report/index.ts";
import { scenarioSchema } from "../run/index.ts";
import type { Command } from "./command.ts";

const SCHEMAS = {
  scenario: () => z.toJSONSchema(scenarioSchema, { io: "input" }),
  result: () => resultJsonSchema(),
  compare: () => apartJsonSchema(),
  live: () => z.toJSONSchema(liveEntrySchema, { io: "input" }),
  history: () => historyJsonSchema(),
  probe: () => resilienceJsonSchema(),
  saturate: () => saturationJsonSchema(),
  "profile-manifest": () => z.toJSONSchema(profileManifestSchema, { io: "input" }),
  "profile-record": () => z.toJSONSchema(profileRecordSchema, { io: "input" }),
} as const;

export const schemaCommand: Command = (io) => ({
  builder: (yargs) =>
    yargs
      .positional("of", {
        choices: Object.keys(SCHEMAS),
        demandOption: true,
        describe: "which one",
      })
      .example("$0 schema scenario > scenario.schema.json", "an editor then completes scenarios"),
  handler: (given) => {
    const of = given["of"] as keyof typeof SCHEMAS;
    io.stdout.write(`${JSON.stringify(SCHEMAS[of](), null, 2)}\n`);
  },
});
