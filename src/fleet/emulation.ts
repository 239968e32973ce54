import { deserialize, serialize } from "node:v8";
import { z } from "zod";
import { messageOf, ShakedownError } from "../core/index.ts";
import type { DependencySpec, EmulatorOptions } from "../emulator/index.ts";

/** What all emulators of a run are told: the same for each. */
export interface Emulation {
  readonly options: Pick<
    EmulatorOptions,
    "arms" | "dependencies" | "incidents" | "seed" | "runId" | "repeats" | "rehearse"
  >;
  /** What their clocks count from, in µs of Redis' clock. */
  readonly originUs: number;
  /** How many there are. */
  readonly emulators: number;
}

const plausible = z.looseObject({
  options: z.looseObject({
    arms: z.array(z.string()).min(1),
    dependencies: z.record(z.string(), z.looseObject({})),
    seed: z.string(),
    runId: z.string(),
  }),
  originUs: z.number(),
  emulators: z.number().int().min(1),
});

/** As bytes: specs hold numbers that JSON does not know, and answers that look like anything. */
export const packEmulation = (emulation: Emulation): Buffer => serialize(emulation);

/** @throws FLEET_MISMATCH when it is none */
export function unpackEmulation(bytes: Buffer): Emulation {
  try {
    const emulation: unknown = deserialize(bytes);
    plausible.parse(emulation);
    return emulation as Emulation;
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : messageOf(cause);
    throw new ShakedownError(
      "FLEET_MISMATCH",
      `what Redis holds as the run's emulation is none: ${why}`,
      { hint: "somebody else writes there: run it again", cause },
    );
  }
}

const isAtEach = (spec: DependencySpec): boolean =>
  spec.protocol === "http" && spec.instances === "each";

/**
 * Which emulators serve each dependency, by their places, the first one first. A dependency is served
 * by one, in turn, so that its capacity, limits and state are in one place as on one machine; what may
 * have instances, by all of them; those over TCP by the first, which has the files of connections.
 */
export function placesOf({ emulators, options }: Emulation): Map<string, readonly number[]> {
  const all = Array.from({ length: emulators }, (_, place) => place);
  const entries = Object.entries(options.dependencies);
  return new Map(
    entries.map(([name, spec], index): [string, readonly number[]] => {
      const first = index % emulators;
      if (isAtEach(spec)) return [name, [...all.slice(first), ...all.slice(0, first)]];
      return [name, [spec.protocol === "tcp" ? 0 : first]];
    }),
  );
}

/** What the emulator at a place serves. */
export const servedAt = (emulation: Emulation, place: number): string[] =>
  [...placesOf(emulation)].flatMap(([name, places]) => (places.includes(place) ? [name] : []));

/** @throws USAGE for a private key, which does not go through Redis */
export function checkSendable(dependencies: Readonly<Record<string, DependencySpec>>): void {
  for (const [name, spec] of Object.entries(dependencies)) {
    if (spec.protocol === "tcp" || spec.tls === null || spec.tls === "generated") continue;
    throw new ShakedownError(
      "USAGE",
      `dependency ${name} has a private key, which is not sent to workers`,
      { hint: "write `tls: generated`, or leave out --emulators: it is served here then" },
    );
  }
}
