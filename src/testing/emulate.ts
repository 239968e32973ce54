import { randomBytes } from "node:crypto";
import type { z } from "zod";
import { ShakedownError } from "../core/index.ts";
import {
  type DependencySpec,
  dependencySchema,
  type JournalEntry,
  startEmulator,
  withStubs,
} from "../emulator/index.ts";

/** A dependency as a scenario writes it. */
export type WrittenDependency = z.input<typeof dependencySchema>;

export interface EmulateOptions {
  /** Other seed, other luck; the same seed gives the n-th call of a kind the same luck. */
  readonly seed?: string;
  /** Any free one unless told. */
  readonly port?: number;
  /** How many calls `calls` tells of; 10,000 unless told. */
  readonly journal?: number;
}

/** A dependency that is played for a test. */
export interface EmulatedDependency extends AsyncDisposable {
  /** `http://127.0.0.1:port`, with tls `https:` */
  readonly url: string;
  /** With `tls: generated`, whom a caller has to trust, as PEM; null without. */
  readonly ca: string | null;
  /** The calls that have ended, the oldest first. */
  calls(): Promise<readonly JournalEntry[]>;
  /** Puts fields in place of those it was started with: `{ errors: { ratio: 1 } }`. */
  change(fields: Partial<WrittenDependency>): Promise<void>;
  /** Limits and queues begin anew, and calls are forgotten. */
  reset(): Promise<void>;
}

const ARM = "default";
const NAME = "dependency";

/** Files that it names are looked for from where the test runs; what of them is not supported is a warning. */
async function specOf(written: unknown): Promise<DependencySpec> {
  const parsed = dependencySchema.safeParse(written);
  if (parsed.success) {
    const { data } = parsed;
    if (data.protocol === "tcp") return data;
    return withStubs(data, process.cwd(), (message) => process.emitWarning(message));
  }
  const message = parsed.error.issues
    .map(({ message: what, path }) => `${path.map(String).join(".")}: ${what}`)
    .join("\n");
  throw new ShakedownError("USAGE", message, {
    hint: "a dependency is written as in a scenario: { latency: { kind: 'constant', value: '5ms' } }",
  });
}

/**
 * Plays a dependency on a port of this machine, for as long as the test has it:
 *
 *     await using payments = await emulate({ latency: { kind: "constant", value: "5ms" } });
 *     await fetch(`${payments.url}/charge`);
 *
 * @throws USAGE for what is not a dependency, PORT_IN_USE; FILE_NOT_FOUND, FILE_UNREADABLE or
 * SCENARIO_INVALID for a file of stubs that cannot be read
 */
export async function emulate(
  written: WrittenDependency,
  { journal = 10_000, port, seed = "1" }: EmulateOptions = {},
): Promise<EmulatedDependency> {
  const ports = port === undefined ? {} : { ports: { [ARM]: port } };
  let now: object = { ...written, ...ports };
  const emulator = await startEmulator({
    arms: [ARM],
    dependencies: { [NAME]: await specOf(now) },
    seed,
    runId: randomBytes(8).toString("hex"),
    originNs: process.hrtime.bigint(),
    spoolPath: null,
    journal,
  });
  void emulator.starved.then((error) => process.emitWarning(error));
  return {
    url: emulator.addresses[NAME]?.[ARM] ?? "",
    ca: emulator.authority,
    calls: () => emulator.journal(),
    async change(fields) {
      const next = { ...now, ...fields };
      await emulator.change(NAME, await specOf(next));
      now = next;
    },
    async reset() {
      await emulator.reset();
      await emulator.clearJournal();
    },
    async [Symbol.asyncDispose]() {
      await emulator.stop();
    },
  };
}
