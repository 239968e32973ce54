import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";

const CORE = new URL("../../src/core/index.ts", import.meta.url).href;

/** What V8 tells of a function (`%GetOptimizationStatus`): compiled by Maglev, by Turbofan. */
const SCRIPT = `
  import { leaveCodeAsItIs } from ${JSON.stringify(CORE)};
  const busy = (name) => {
    // A text of its own each time: V8 knows code again.
    const text = "let s = 0; for (let i = 0; i < 10; i++) s += a * i; return s;";
    const work = new Function("a", text + " // " + name);
    const is = (bit) => (%GetOptimizationStatus(work) & (1 << bit)) !== 0;
    let sum = 0;
    for (let i = 0; i < 3e4 && !is(6); i++) for (let j = 0; j < 100; j++) sum += work(j);
    console.log(name, is(6) ? "turbofan" : is(5) ? "maglev" : "neither");
  };
  // Else it would take in what it calls.
  %NeverOptimizeFunction(busy);
  busy("before");
  const [one, other] = [leaveCodeAsItIs(), leaveCodeAsItIs()];
  busy("held");
  one();
  one();
  busy("held by the other");
  other();
  busy("after");
`;

describe("code that is left as it is", () => {
  it("is not compiled by V8's last compiler until all who asked for it are done", () => {
    const args = ["--allow-natives-syntax", "--input-type=module", "-e", SCRIPT];
    const told = execFileSync(process.execPath, args, { encoding: "utf8" });
    expect(told.trim().split("\n")).toEqual([
      "before turbofan",
      "held maglev",
      "held by the other maglev",
      "after turbofan",
    ]);
  });
});
