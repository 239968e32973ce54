import { once } from "node:events";
import { canBeAsked, relayTo, startLiveServer } from "../web/index.ts";
import type { CliIo, Command } from "./command.ts";
import { portOf, TOOL } from "./live-flags.ts";

interface WatchArguments {
  readonly run: string;
  readonly port: string;
}

/** Shows a run, whichever process does it or has done it, until it is interrupted. */
async function watch(io: CliIo, { port, run }: WatchArguments): Promise<void> {
  await using server = await startLiveServer({
    port: portOf("--port", port),
    tool: TOOL,
    steer: relayTo(run),
    steerable: () => canBeAsked(run),
  });
  server.follow(run);
  io.stdout.write(`live     ${server.address}\n         until Ctrl-C\n`);
  if (!io.signal.aborted) await once(io.signal, "abort");
}

export const watchCommand: Command = (io) => ({
  builder: (yargs) =>
    yargs
      .positional("run", { type: "string", demandOption: true, describe: "a run directory" })
      .option("port", {
        type: "string",
        default: "",
        describe: "on loopback; a free one unless it is given",
      })
      .example("$0 watch runs/20260101T120000Z-payment-pool-cut-1a2b3c", "open what it prints"),
  handler: (given) => watch(io, given as unknown as WatchArguments),
});
