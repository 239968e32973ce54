import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  formatDurationNs,
  monotonicClock,
  parseDurationNs,
  ShakedownError,
} from "../core/index.ts";
import {
  type Admin,
  Changes,
  type Emulator,
  startAdmin,
  startEmulatorThread,
} from "../emulator/index.ts";
import { envOfDependency, loadEmulated, writeAuthority } from "../run/index.ts";
import type { CliIo, Command } from "./command.ts";

interface EmulateArguments {
  readonly file: string;
  readonly for?: string;
  readonly host: string;
  readonly admin?: string | false;
  readonly toxiproxy?: string;
  readonly journal: number;
  readonly seed?: string;
  readonly json: boolean;
}

/** `8080`, `:8080` or `host:8080`; nothing is any free port of this machine's own. */
function placeOf(flag: string, text: string): { host: string; port: number } {
  const [, host = "", port] = /^(?:(.*):)?(\d*)$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535) {
    throw new ShakedownError("USAGE", `--${flag} "${text}" is not an address`, {
      hint: `write a port, or host:port: --${flag} 127.0.0.1:8474`,
    });
  }
  return { host: host === "" ? "127.0.0.1" : host.replace(/^\[(.*)\]$/, "$1"), port: Number(port) };
}

function addressLines(
  emulator: Emulator,
  admin: Admin | null,
  trust: Readonly<Record<string, string>>,
): string[] {
  const arms = Object.keys(Object.values(emulator.addresses)[0] ?? {});
  return [
    ...arms.flatMap((arm) => [
      ...(arms.length > 1 ? [`# for arm ${arm}`] : []),
      ...Object.entries(emulator.addresses).flatMap(([name, byArm]) =>
        Object.entries(envOfDependency(name, byArm[arm] ?? "")).map((pair) => pair.join("=")),
      ),
    ]),
    ...Object.entries(trust).map((pair) => pair.join("=")),
    ...(admin === null ? [] : [`# admin ${admin.address}`]),
    ...(emulator.toxiproxyAddress === null ? [] : [`# toxiproxy ${emulator.toxiproxyAddress}`]),
  ];
}

/** Files, gone when it is over, and the variables that tell of them; none without `tls: generated`. */
function trustIn({ authority }: Emulator): Disposable & { readonly env: Record<string, string> } {
  if (authority === null) return { env: {}, [Symbol.dispose]() {} };
  const folder = mkdtempSync(join(tmpdir(), "shakedown-emulate-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    return { env: writeAuthority(folder, authority), [Symbol.dispose]: remove };
  } catch (thrown) {
    remove();
    throw thrown;
  }
}

/** Until Ctrl-C, the given time, or the emulator's own end, which is thrown. */
async function untilOver(emulator: Emulator, forNs: number, signal: AbortSignal): Promise<void> {
  const clock = monotonicClock(process.hrtime.bigint());
  const over = clock.sleepUntilNs(forNs, signal).catch((thrown: unknown) => {
    if (!signal.aborted) throw thrown;
  });
  const failed = await Promise.race([over, emulator.failed]);
  if (failed !== undefined) throw failed;
}

async function emulate(io: CliIo, given: EmulateArguments): Promise<void> {
  const forNs = given.for === undefined ? Number.POSITIVE_INFINITY : parseDurationNs(given.for);
  if (!(Number.isInteger(given.journal) && given.journal >= 0)) {
    throw new ShakedownError("USAGE", "--journal takes a number of calls, 0 or more");
  }
  const { arms, dependencies, incidents, read, seed, written } = await loadEmulated(
    given.file,
    (message) => io.stderr.write(`! ${message}\n`),
  );
  if (Object.keys(dependencies).length === 0) {
    throw new ShakedownError("USAGE", `${given.file} has no dependencies to emulate`);
  }
  const at = given.admin === false ? null : placeOf("admin", given.admin ?? "");
  await using emulator = await startEmulatorThread({
    arms,
    dependencies,
    incidents,
    seed: given.seed ?? seed,
    runId: randomBytes(8).toString("hex"),
    originNs: process.hrtime.bigint(),
    spoolPath: null,
    host: given.host,
    journal: given.journal,
    ...(given.toxiproxy === undefined ? {} : { toxiproxy: placeOf("toxiproxy", given.toxiproxy) }),
  });
  using trust = trustIn(emulator);
  const changes = new Changes(emulator, written, read);
  await using admin = at === null ? null : await startAdmin({ emulator, changes, ...at });
  if (given.json) io.stdout.write(`${JSON.stringify(placesOf(emulator, admin, trust.env))}\n`);
  else {
    io.stdout.write(`${addressLines(emulator, admin, trust.env).join("\n")}\n`);
    io.stderr.write(
      forNs === Number.POSITIVE_INFINITY ? "until Ctrl-C\n" : `for ${formatDurationNs(forNs)}\n`,
    );
  }
  void emulator.starved.then(({ hint, message }) =>
    io.stderr.write(`! ${message}\n  ${hint ?? ""}\n`),
  );
  await untilOver(emulator, forNs, io.signal);
  await tellCounts(io, emulator, given.json);
}

const placesOf = (
  emulator: Emulator,
  admin: Admin | null,
  trust: Readonly<Record<string, string>>,
) => ({
  addresses: emulator.addresses,
  trust,
  admin: admin?.address ?? null,
  toxiproxy: emulator.toxiproxyAddress,
});

async function tellCounts(io: CliIo, emulator: Emulator, json: boolean): Promise<void> {
  const counts = await emulator.snapshot();
  if (json) {
    io.stdout.write(`${JSON.stringify(counts)}\n`);
    return;
  }
  for (const [dependency, byArm] of Object.entries(counts)) {
    for (const [
      arm,
      { aborted, accepted, calls, early, errors, limited, rejected },
    ] of Object.entries(byArm)) {
      const who = Object.keys(byArm).length > 1 ? `${dependency} for ${arm}` : dependency;
      const figures = { calls, errors, limited, early, rejected, aborted };
      const said = Object.entries(figures)
        .filter(([name, count]) => count > 0 || name === "calls")
        .map(([name, count]) => `${count} ${name === "early" ? "too early" : name}`);
      io.stderr.write(`${who}: ${said.join(", ")}; ${accepted} connections\n`);
    }
  }
}

export const emulateCommand: Command = (io) => ({
  builder: (yargs) =>
    yargs
      .positional("file", {
        type: "string",
        demandOption: true,
        describe: "a scenario, or a file with `dependencies` (YAML)",
      })
      .options({
        for: { type: "string", describe: "how long: 30s, 10m (until Ctrl-C unless given)" },
        host: { type: "string", default: "127.0.0.1", describe: "where dependencies listen" },
        admin: {
          type: "string",
          describe: "[host:]port of the admin API (any free one unless given; --no-admin: none)",
        },
        toxiproxy: {
          type: "string",
          describe: "[host:]port to serve Toxiproxy's API on, for TCP dependencies: 8474",
        },
        journal: { type: "number", default: 1_000, describe: "how many calls are remembered" },
        seed: { type: "string", describe: "other seed, other luck" },
        json: {
          type: "boolean",
          default: false,
          describe: "print addresses, and counts at the end, as JSON",
        },
      })
      .example("$0 emulate scenarios/payment-pool.yaml", "prints PAYMENTS_URL=… and serves"),
  handler: (given) => emulate(io, given as unknown as EmulateArguments),
});
