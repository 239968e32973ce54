import type { CommandModule } from "yargs";
import type { CliIo, Command } from "./command.ts";

/** A command as the list of all shows it. Its file is loaded when it is the one that is asked for. */
const listed =
  (command: string, describe: string, load: () => Promise<Command>) =>
  (io: CliIo): CommandModule => ({
    command,
    describe,
    builder: async (yargs) => (await load())(io).builder(yargs),
    handler: async (given) => (await load())(io).handler(given),
  });

/**
 * All commands, in the order of `--help`. A file of a command, and what it imports, takes most of a
 * start: so nothing here but words.
 */
export const COMMANDS: readonly ((io: CliIo) => CommandModule)[] = [
  listed(
    "capture <files..>",
    "make a profile from captured traffic (GoReplay, HAR, access logs, packets)",
    async () => (await import("./capture.ts")).captureCommand,
  ),
  listed(
    "record",
    "record a profile from live traffic, with the dependency calls of each request",
    async () => (await import("./record.ts")).recordCommand,
  ),
  listed(
    "profile",
    "say what a profile holds; make a smaller one of it, or one of several",
    async () => (await import("./profile.ts")).profileCommand,
  ),
  listed(
    "plan <scenario>",
    "say what a scenario can show, before any traffic, and lock its plan",
    async () => (await import("./plan.ts")).planCommand,
  ),
  listed(
    "run [scenario]",
    "replay a scenario against control and variant, and decide",
    async () => (await import("./run.ts")).runCommand,
  ),
  listed(
    "calibrate <scenario>",
    "run a scenario's control against itself: how far this host can be trusted",
    async () => (await import("./calibrate.ts")).calibrateCommand,
  ),
  listed(
    "replay <profile>",
    "replay a profile, or a capture, against a target, without a scenario",
    async () => (await import("./replay.ts")).replayCommand,
  ),
  listed(
    "saturate <profile>",
    "find the knee: the highest rate at which a target still keeps up",
    async () => (await import("./saturate.ts")).saturateCommand,
  ),
  listed(
    "probe <scenario>",
    "put a scenario's dependencies in trouble, one by one, and say how its arms stand it",
    async () => (await import("./probe.ts")).probeCommand,
  ),
  listed(
    "report <run>",
    "judge a run again from its directory and make its reports anew",
    async () => (await import("./report.ts")).reportCommand,
  ),
  listed(
    "watch <run>",
    "show a run in a browser, while it goes on or after",
    async () => (await import("./watch.ts")).watchCommand,
  ),
  listed(
    "verify <run>",
    "check that a run's files are as they were, and give the verdict that it tells",
    async () => (await import("./verify.ts")).verifyCommand,
  ),
  listed(
    "override <run>",
    "put on a run's record that people decided otherwise; its verdict stays",
    async () => (await import("./override.ts")).overrideCommand,
  ),
  listed(
    "compare <before> <after>",
    "set two runs side by side: what differs in them, then metric by metric",
    async () => (await import("./compare.ts")).compareCommand,
  ),
  listed(
    "baseline",
    "keep a run for later, and decide on another beside what was kept",
    async () => (await import("./kept-run.ts")).keptRunCommand,
  ),
  listed(
    "history <folder>",
    "show over many runs what changed, with which revision, and how steady verdicts are",
    async () => (await import("./history.ts")).historyCommand,
  ),
  listed(
    "playbook <folder>",
    "tell what a folder of runs has taught, as Markdown",
    async () => (await import("./playbook.ts")).playbookCommand,
  ),
  listed(
    "export <run>",
    "write what a run observed as CSV or Parquet, for tools of your own",
    async () => (await import("./export.ts")).exportCommand,
  ),
  listed(
    "sql <folder> [query]",
    "ask runs in SQL: verdicts, effects and findings, every request and every dependency call",
    async () => (await import("./sql.ts")).sqlCommand,
  ),
  listed(
    "emulate <file>",
    "play dependencies alone: those of a scenario, or of a file that holds nothing else",
    async () => (await import("./emulate.ts")).emulateCommand,
  ),
  listed(
    "worker",
    "offer this machine to a fleet: send a part of the load of runs that ask for it",
    async () => (await import("./worker.ts")).workerCommand,
  ),
  listed(
    "schema <of>",
    "print a JSON Schema, for editors and for programs",
    async () => (await import("./schema.ts")).schemaCommand,
  ),
];
