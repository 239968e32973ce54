import { EXIT } from "../core/index.ts";
import { type Broken, RunDirectory, type Verification, verifyRun } from "../run/index.ts";
import type { CliIo, Command } from "./command.ts";
import { overrideLines } from "./override.ts";
import { version } from "./version.ts";

const MARKS = { holds: "✓", broken: "✗", "not checked": "–" } as const;

/** `audit.ndjson, line 3`, `result.json, comparisons[0].effect.low` */
function placeOf({ field, file, line }: Broken): string {
  const within = line === undefined ? field : `line ${line}`;
  return within === undefined || within === "" ? file : `${file}, ${within}`;
}

function lines({ broken, checks, decision, overrides }: Verification): string[] {
  const rows = checks.map(
    ({ name, status, summary }) => `${MARKS[status]} ${name.padEnd(11)}  ${summary}`,
  );
  const outcome =
    broken === null
      ? `verified: the run decided ${decision ?? "nothing"}, and its files bear that out`
      : `broken: ${placeOf(broken)}: ${broken.summary}`;
  return [...rows, ...overrideLines(overrides), outcome];
}

async function verify(io: CliIo, given: { run: string; json: boolean }): Promise<void> {
  const verification = await verifyRun(new RunDirectory(given.run), version);
  const text = given.json
    ? JSON.stringify(
        { run: given.run, verified: verification.broken === null, ...verification },
        null,
        2,
      )
    : lines(verification).join("\n");
  io.stdout.write(`${text}\n`);
  io.exitCode = verification.broken === null ? EXIT.ship : EXIT.badData;
}

export const verifyCommand: Command = (io) => ({
  builder: (yargs) =>
    yargs
      .positional("run", { type: "string", demandOption: true, describe: "a run directory" })
      .option("json", { type: "boolean", default: false, describe: "for a machine to read" })
      .example("$0 verify runs/20260101T120000Z-payment-pool-cut-1a2b3c", "exit 65 if not"),
  handler: (given) => verify(io, given as unknown as Parameters<typeof verify>[1]),
});
