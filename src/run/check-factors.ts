import { ShakedownError } from "../core/index.ts";
import { meant, noDependency } from "./data-faults.ts";
import { designOf, runsWanted } from "./factors.ts";
import type { Scenario, ScenarioArm, ScenarioFactor } from "./scenario/index.ts";
import type { Faults } from "./yaml-file.ts";

type Told = (field: string, message: string) => void;

function checkDependency(
  factor: Extract<ScenarioFactor, { dependency: string }>,
  { dependencies }: Scenario,
  told: Told,
): void {
  const spec = dependencies[factor.dependency];
  if (spec === undefined) {
    told("dependency", noDependency(factor.dependency, dependencies));
  } else if (spec.protocol === "tcp") {
    told("dependency", "is a TCP connection: latency and errors are of one that speaks HTTP");
  } else if ("errorRatio" in factor && spec.errors !== undefined) {
    told("errorRatio", `\`${factor.dependency}\` has \`errors\` already: leave one of them out`);
  }
}

function checkArms(
  factor: Extract<ScenarioFactor, { arms?: unknown }>,
  given: Readonly<Record<string, ScenarioArm>>,
  told: Told,
): void {
  const whose = factor.arms ?? Object.keys(given);
  for (const arm of whose.filter((each) => !Object.hasOwn(given, each))) {
    told("arms", `there is no arm \`${arm}\`${meant(arm, Object.keys(given))}`);
  }
  const known = whose.flatMap((arm) => given[arm] ?? []);
  if ("env" in factor && known.some((arm) => "url" in arm)) {
    told("env", "is for processes that the run starts: an arm with a `url` runs already");
  }
  const before = known.map((arm) => {
    if ("header" in factor) return arm.headers[factor.header];
    return "command" in arm ? arm.env[factor.env] : undefined;
  });
  if (new Set(before).size > 1) {
    const what = "header" in factor ? factor.header : factor.env;
    told(
      "header" in factor ? "header" : "env",
      `the arms differ in ${what}, and this makes it the same: name the \`arms\` that it is for`,
    );
  }
}

/** That no two factors set one thing, of which only the last would be so. */
function checkApart(factors: Readonly<Record<string, ScenarioFactor>>, faults: Faults): void {
  const seen = new Map<string, string>();
  for (const [name, factor] of Object.entries(factors)) {
    const whose = "dependency" in factor ? [factor.dependency] : (factor.arms ?? ["*"]);
    const what = ["env", "header", "latencyFactor", "errorRatio"].find((key) => key in factor)!;
    const which = "env" in factor ? factor.env : "header" in factor ? factor.header : "";
    for (const who of whose) {
      const key = `${what} ${which.toLowerCase()}`;
      const other = seen.get(`${key} ${who}`) ?? seen.get(`${key} *`);
      if (other !== undefined) faults.in(["factors", name], `sets the same as \`${other}\``);
      seen.set(`${key} ${who}`, name);
    }
  }
}

function checkRuns(scenario: Scenario, faults: Faults): void {
  try {
    const design = designOf(scenario);
    const runs = runsWanted(scenario, design);
    if (runs % design.length !== 0) {
      const less = Math.max(1, Math.floor(runs / design.length)) * design.length;
      faults.in(
        ["design", "runs"],
        `${design.length} combinations of the factors are run equally often: ` +
          `write ${less}, or another multiple of ${design.length}`,
      );
    }
    if (runs > 64) {
      faults.in(
        ["design", "factorial"],
        `${runs} combinations are too many (64): write { resolution: 4 }`,
      );
    }
  } catch (thrown) {
    if (!(thrown instanceof ShakedownError)) throw thrown;
    const letters = Object.keys(scenario.factors!).map(
      (name, index) => `${"ABCDEFG"[index]} ${name}`,
    );
    const hint = thrown.hint === undefined ? "" : `: ${thrown.hint}`;
    faults.in(["design", "factorial"], `${thrown.message}${hint} (${letters.join(", ")})`);
  }
}

/** That factors name what there is, can be told apart, and are run equally often. */
export function checkFactors(scenario: Scenario, faults: Faults): void {
  const { arms, design, factors } = scenario;
  if (factors === undefined) {
    if (design.factorial !== undefined) {
      faults.in(["design", "factorial"], "is for `factors`, and there are none: leave it out");
    }
    return;
  }
  if ("target" in arms) {
    faults.in(["factors"], "one arm alone has nothing to be compared with: leave them out");
    return;
  }
  for (const [name, factor] of Object.entries(factors)) {
    const told: Told = (field, message) => faults.in(["factors", name, field], message);
    if ("dependency" in factor) checkDependency(factor, scenario, told);
    else checkArms(factor, arms, told);
  }
  checkApart(factors, faults);
  checkRuns(scenario, faults);
}
