import { dirname, resolve } from "node:path";
import { ShakedownError } from "../core/index.ts";
import type { Captured } from "./captured.ts";
import { checkFactors } from "./check-factors.ts";
import { checkAssignment } from "./check-assignment.ts";
import { checkHypothesis, checkPoints } from "./check-hypothesis.ts";
import { dataFaults, meant } from "./data-faults.ts";
import { checkProbes } from "./probes.ts";
import {
  type Scenario,
  type ScenarioArm,
  type ScenarioInput,
  scenarioSchema,
} from "./scenario/index.ts";
import { checkIncidents } from "./incidents.ts";
import { checkResponses } from "./planned-responses.ts";
import { checkSoaks } from "./planned-soak.ts";
import { checkThrottles } from "./planned-throttle.ts";
import type { BuiltRevisions } from "./revision/index.ts";
import { dependencyEnvName } from "./dependency-env.ts";
import { type Faults, readYamlFile } from "./yaml-file.ts";

/** A scenario with where it came from. `text` is the file as it was read. */
export interface LoadedScenario {
  /** Whether flags say what it is: then `text` is nobody's file. */
  readonly fromFlags?: boolean;
  readonly path: string;
  readonly dir: string;
  readonly text: string;
  readonly scenario: Scenario;
  /** The profile's path, resolved. */
  readonly profilePath: string;
  /** What the scenario keeps of what stands there, where it has been read already. */
  readonly captured?: Captured;
  /** What arms run, where they are revisions of the repository that it stands in. */
  readonly revisions?: BuiltRevisions;
}

const NAMED = {
  what: "scenario",
  hint: "name a scenario file, such as scenarios/payment-pool.yaml",
};

/**
 * Reads and checks a scenario. Every fault is named with its line and column.
 * @throws FILE_NOT_FOUND, FILE_UNREADABLE, SCENARIO_INVALID
 */
export function loadScenario(path: string): LoadedScenario {
  const read = readYamlFile(path, NAMED, () => scenarioSchema);
  const { data: scenario, faults, text } = read;
  checkPoints(read.written, scenario, faults);
  checkWhole(scenario, faults);
  const dir = dirname(resolve(path));
  return { path, dir, text, scenario, profilePath: resolve(dir, scenario.profile) };
}

/** The flags of `replay` (and of `saturate`) that fields of a scenario come from. */
const FLAGS: readonly (readonly [RegExp, string])[] = [
  [/^arms\.control\.url/, "--control"],
  [/^arms\.\w+\.url/, "--target"],
  [/^arms\.\w+\.headers/, "--header"],
  [/^arms\.\w+\.tls/, "--cert, --key"],
  [/^hypothesis\.then\.metric/, "--metric"],
  [/^hypothesis\.then\.margin/, "--margin"],
  [/^design\.betweenRunSd/, "--between-run-sd"],
  [/^design\.calibration/, "--calibration"],
  [/^inFlightMax/, "--max-in-flight"],
  [/^bodyLimit/, "--body-limit"],
  [/^keepConnections/, "--keep-connections"],
  [/^sample/, "--sample"],
  [/^filter/, "--filter"],
  [/^stages/, "--duration"],
  [/^(arrivals|connections|rate|seed|speed|substitute|timeout|transport|workers)/, "--$1"],
];

/** A field as it is called on the command line. */
function flagOf(field: string): string {
  for (const [pattern, flag] of FLAGS) {
    const found = pattern.exec(field);
    if (found !== null) return flag.replace("$1", found[1] ?? "");
  }
  return field;
}

/** For faults of a scenario that was made from flags; `told` has them, each with its flag. */
export function flagFaults(): Faults & { readonly told: readonly string[] } {
  const told: string[] = [];
  return {
    told,
    at: (_offset, message) => void told.push(message),
    in: (keys, message) => void told.push(`${flagOf(keys.map(String).join("."))}: ${message}`),
    check: () => {
      if (told.length > 0) throw new ShakedownError("USAGE", told.join("\n"));
    },
  };
}

/**
 * Checks a scenario that was made from flags.
 * @throws USAGE that names each flag at fault
 */
export function checkedScenario(data: ScenarioInput): Scenario {
  const faults = flagFaults();
  const parsed = scenarioSchema.safeParse(data);
  if (!parsed.success) {
    const given = { data, what: "a scenario" };
    for (const fault of dataFaults(scenarioSchema, parsed.error.issues, given)) {
      faults.in(fault.path, fault.message);
    }
  }
  faults.check();
  checkWhole(parsed.data!, faults);
  return parsed.data!;
}

/** What the schema cannot say. */
function checkWhole(scenario: Scenario, faults: Faults): void {
  checkReferences(scenario, faults);
  checkIncidents(scenario, faults);
  checkStages(scenario, faults);
  checkProbes(scenario, faults);
  checkHypothesis(scenario, faults);
  checkSoaks(scenario, faults);
  checkThrottles(scenario, faults);
  checkFactors(scenario, faults);
  checkResponses(scenario, faults);
  checkAssignment(scenario, faults);
  checkLoad(scenario, faults);
  faults.check();
}

/** That dependencies can be told apart, and ports name arms that exist. */
function checkReferences(scenario: Scenario, faults: Faults): void {
  const envNames = new Map<string, string>();
  for (const [dependency, spec] of Object.entries(scenario.dependencies)) {
    const envName = dependencyEnvName(dependency);
    const other = envNames.get(envName);
    if (other !== undefined) {
      faults.in(
        ["dependencies", dependency],
        `its address would be passed as ${envName}, and so would that of \`${other}\`: rename one`,
      );
    }
    envNames.set(envName, dependency);
    for (const arm of Object.keys(spec.ports ?? {})) {
      if (arm in scenario.arms) continue;
      const hint = meant(arm, Object.keys(scenario.arms));
      faults.in(["dependencies", dependency, "ports", arm], `there is no arm \`${arm}\`${hint}`);
    }
  }
}

/** That stages can be told apart, outlast their settling, and that one is judged. */
function checkStages({ stages }: Scenario, faults: Faults): void {
  const names = new Set<string>();
  for (const [index, stage] of stages.entries()) {
    const name = stage.name ?? `stage-${index + 1}`;
    if (names.has(name)) faults.in(["stages", index, "name"], `another stage is called ${name}`);
    names.add(name);
    if (stage.judge && stage.settle >= stage.for) {
      faults.in(["stages", index, "settle"], "settles for as long as it lasts");
    }
  }
  if (!stages.some((stage) => stage.judge)) {
    faults.in(["stages"], "none is judged, so there is nothing to decide on");
  }
}

/** That transports can speak what arms want, and that what only recorded arrivals have is not asked of others. */
function checkLoad({ arms, arrivals, speed, transport }: Scenario, faults: Faults): void {
  const secure = Object.values(arms as Readonly<Record<string, ScenarioArm>>).some(
    (arm) => "url" in arm && (arm.http2 || arm.url.startsWith("https:")),
  );
  if (transport === "wire" && secure) {
    faults.in(["transport"], "wire speaks plain HTTP/1.1; TLS and HTTP/2 need undici, or auto");
  }
  if (arrivals.kind === "recorded" || speed === 1) return;
  faults.in(["speed"], `is for recorded arrivals; ${arrivals.kind} arrivals have a \`rate\``);
}
