import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import {
  EXIT,
  type ExitCode,
  messageOf,
  ShakedownError,
  STANDARD_INPUT,
  systemCodeOf,
} from "../core/index.ts";
import type { CliIo } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { version } from "./version.ts";

const EXIT_CODES = `Exit codes: 0 ship (or done), 1 roll back, 2 hold, 64 usage, 65 bad data,
69 target unreachable, 70 our bug, 130 interrupted.`;

/** What yargs has, and its types do not: which options may be repeated. */
interface WithOptions {
  getOptions(): { readonly array: readonly string[] };
}

/** Of an option that is given twice and may not be repeated, the later one counts. */
function keepLast(given: Record<string, unknown>, cli: WithOptions): void {
  const repeatable = new Set([...cli.getOptions().array, "_"]);
  for (const [name, value] of Object.entries(given)) {
    const dashed = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (!Array.isArray(value) || repeatable.has(name) || repeatable.has(dashed)) continue;
    given[name] = value.at(-1);
  }
}

/** A dash alone, among files, is standard input; yargs would drop it without a word. */
const withStandardInput = (args: readonly string[]): string[] =>
  args.map((arg) => (arg === "-" ? STANDARD_INPUT : arg));

function parser(io: CliIo) {
  const cli = yargs(withStandardInput(hideBin(process.argv)))
    .scriptName("shakedown")
    .usage(
      "$0 <command>\n\nReplay captured traffic against a control and a variant, and learn whether to ship.",
    )
    .version(version)
    .strict()
    .demandCommand(1, "name a command")
    .recommendCommands()
    .wrap(Math.min(io.stdout.columns ?? 100, 100))
    .epilogue(EXIT_CODES)
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail((message, error: unknown) => {
      // A flag that lacks its value is the parser's own error, and the user's.
      const ours = error instanceof Error && error.name !== "YError";
      if (ours) throw error;
      const told = error instanceof Error ? error.message : message;
      throw new ShakedownError("USAGE", told, { hint: "shakedown --help" });
    });
  for (const command of COMMANDS) cli.command(command(io));
  return cli.middleware((given) => keepLast(given, cli as unknown as WithOptions), true);
}

function describeFailure(thrown: unknown): { text: string; exitCode: ExitCode } {
  if (thrown instanceof ShakedownError) {
    const hint = thrown.hint === undefined ? "" : `\n  ${thrown.hint}`;
    return { text: `shakedown: ${thrown.message}${hint}\n`, exitCode: thrown.exitCode };
  }
  const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : messageOf(thrown);
  const text = `shakedown: a bug of ours, please report it with what you typed:\n${stack}\n`;
  return { text, exitCode: EXIT.internal };
}

/** The first interrupt asks to stop and keep what there is; the second ends everything at once. */
function listenForInterrupts(stopping: AbortController): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (stopping.signal.aborted) process.exit(EXIT.interrupted);
      stopping.abort(new ShakedownError("INTERRUPTED", `interrupted by ${signal}`));
    });
  }
}

async function main(): Promise<ExitCode> {
  const stopping = new AbortController();
  listenForInterrupts(stopping);
  // A reader that went away (`| head`) is no reason to crash.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error) => {
      if (systemCodeOf(error) !== "EPIPE") process.exit(EXIT.usage);
    });
  }
  const io: CliIo = {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: stopping.signal,
    exitCode: EXIT.ship,
  };
  try {
    await parser(io).parseAsync();
    return io.exitCode;
  } catch (thrown) {
    const { exitCode, text } = describeFailure(thrown);
    process.stderr.write(text);
    return exitCode;
  }
}

process.exitCode = await main();
// Kept-alive connections and threads must not hold the process; both streams are flushed first.
for (const stream of [process.stdout, process.stderr]) {
  await new Promise<void>((resolve) => stream.write("", () => resolve()));
}
process.exit();
