import { dirname, resolve } from "node:path";
import { z } from "zod";
import { ShakedownError } from "../core/index.ts";
import {
  type DependencySpec,
  dependencySchema,
  incidentSchema,
  type IncidentSpec,
  type ReadDependency,
} from "../emulator/index.ts";
import { readManifest } from "../profile/index.ts";
import { dataFaults } from "./data-faults.ts";
import { servedDependencies } from "./dependencies.ts";
import { loadScenario } from "./load-scenario.ts";
import { checkIncidents } from "./incidents.ts";
import { readYamlFile } from "./yaml-file.ts";

const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]*$/i, "letters, digits and dashes, beginning with a letter");

/** A file of dependencies alone, for `shakedown emulate`. */
export const emulatedFileSchema = z.strictObject({
  dependencies: z
    .record(name, dependencySchema)
    .refine((all) => Object.keys(all).length > 0, "at least one dependency"),
  incidents: z.record(name, incidentSchema).default({}),
  /** Each arm has addresses, state and limits of its own. */
  arms: z.array(name).min(1).max(16).default(["default"]),
  seed: z.coerce.string().default("1"),
  profile: z.string().optional().describe("what `fitted` latencies are fitted from"),
});

/** What is to be emulated, ready to be served. */
export interface Emulated {
  readonly arms: readonly string[];
  readonly dependencies: Readonly<Record<string, DependencySpec>>;
  readonly incidents: Readonly<Record<string, IncidentSpec>>;
  readonly seed: string;
  /** Each dependency in the words of the file. */
  readonly written: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Reads a dependency that is changed while it is served. */
  readonly read: ReadDependency;
}

/** Where what a dependency names is found. */
type From = Parameters<typeof servedDependencies>[1];

/** Reads one dependency as a file would say it, and makes it ready to be served. */
export function dependencyReader(from: From): ReadDependency {
  return async (dependency, written) => {
    const parsed = dependencySchema.safeParse(written);
    if (parsed.success) {
      const served = await servedDependencies({ [dependency]: parsed.data }, from);
      return { success: true, data: served[dependency] ?? parsed.data };
    }
    const given = { data: written, what: "a dependency" };
    const faults = dataFaults(dependencySchema, parsed.error.issues, given);
    return {
      success: false,
      faults: faults.map(({ message, path }) => ({ path: path.map(String).join("."), message })),
    };
  };
}

const NAMED = {
  what: "file of dependencies",
  hint: "name a scenario, or a file with `dependencies`",
};

type Written = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
const isScenario = (written: unknown): boolean =>
  typeof written === "object" && written !== null && "scenario" in written;

/**
 * Reads what `shakedown emulate` serves: the dependencies of a scenario, or a file of them alone.
 * @throws FILE_NOT_FOUND, FILE_UNREADABLE, SCENARIO_INVALID; what `readManifest` throws where a
 * latency is to be fitted
 */
export async function loadEmulated(
  path: string,
  warn: (message: string) => void,
): Promise<Emulated> {
  const dir = dirname(resolve(path));
  const schemaFor = (said: unknown): z.ZodType =>
    isScenario(said) ? z.unknown() : emulatedFileSchema;
  const { data, faults, written } = readYamlFile(path, NAMED, schemaFor);
  if (isScenario(written)) {
    const { profilePath, scenario } = loadScenario(path);
    const { arms, dependencies, incidents, seed } = scenario;
    const manifestOf = () => readManifest(profilePath);
    return ready({ arms: Object.keys(arms), dependencies, incidents, seed }, written, {
      dir,
      manifestOf,
      warn,
    });
  }
  const alone = data as z.output<typeof emulatedFileSchema>;
  checkIncidents(alone, faults);
  faults.check();
  const { profile } = alone;
  const manifestOf = async () => {
    if (profile !== undefined) return readManifest(resolve(dir, profile));
    throw new ShakedownError("SCENARIO_INVALID", `${path}: a latency is to be fitted`, {
      hint: "say from what, beside `dependencies`: profile: shop.ndjson.gz",
    });
  };
  return ready(alone, written, { dir, manifestOf, warn });
}

async function ready(
  data: Pick<Emulated, "arms" | "dependencies" | "incidents" | "seed">,
  written: unknown,
  from: From,
): Promise<Emulated> {
  const { arms, dependencies, incidents, seed } = data;
  return {
    arms,
    dependencies: await servedDependencies(dependencies, from),
    incidents,
    seed,
    written: writtenOf(written),
    read: dependencyReader(from),
  };
}

const writtenOf = (written: unknown): Written =>
  (written as { dependencies?: Written }).dependencies ?? {};
