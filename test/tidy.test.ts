import { existsSync, globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import * as rules from "./tidy-rules.ts";
import { importsOf, type Source, withoutComments } from "./tidy-source.ts";

/*
 * The few rules that keep the tree easy to find one's way in. Each is held by a small function,
 * which is shown here to find a bad example: a rule that cannot fail is none.
 */
const root = fileURLToPath(new URL("..", import.meta.url));
const tree: readonly Source[] = globSync("{src,scenarios,test}/**/*.ts", { cwd: root })
  .toSorted()
  .map((path) => ({ path, text: readFileSync(`${root}/${path}`, "utf8") }));
const readme = existsSync(`${root}/src/README.md`)
  ? readFileSync(`${root}/src/README.md`, "utf8")
  : "";

interface Rule {
  readonly claim: string;
  readonly check: rules.Check;
  /** Path and text of a file that breaks the rule, and of one that keeps it. */
  readonly bad: readonly [path: string, text: string];
  readonly good: readonly [path: string, text: string];
}

const from = (target: string): string => `import { x } from "${target}";`;

// In two parts, so that this file keeps the rule too.
const mark = ["TO", "DO"].join("");

const RULES: readonly Rule[] = [
  {
    claim: "imports go down only",
    check: rules.importsGoDown,
    bad: ["src/report/text.ts", from("../run/index.ts")],
    good: ["src/report/text.ts", from("../detect/index.ts")],
  },
  {
    claim: "folders of the same level do not import each other",
    check: rules.importsGoDown,
    bad: ["src/stats/welch.ts", `import type {\n  x,\n} from "../measure/index.ts";`],
    good: ["src/stats/welch.ts", from("./quantile.ts")],
  },
  {
    claim: "a dynamic import is an import",
    check: rules.importsGoDown,
    bad: ["src/core/late.ts", `const late = await import("../cli/main.ts");`],
    good: ["src/cli/main.ts", `const late = await import("../run/index.ts");`],
  },
  {
    claim: "the library surface re-exports all but the command line",
    check: rules.importsGoDown,
    bad: ["src/index.ts", `export * from "./cli/main.ts";`],
    good: ["src/index.ts", `export * from "./fleet/index.ts";`],
  },
  {
    claim: "every folder has a level",
    check: rules.foldersHaveALevel,
    bad: ["src/misc/things.ts", ""],
    good: ["src/index.ts", ""],
  },
  {
    claim: "from outside a folder, import only its index.ts",
    check: rules.onlyTheIndexFromOutside,
    bad: ["src/emulator/limit/gcra.ts", from("../../core/prng.ts")],
    good: ["src/emulator/limit/gcra.ts", `${from("../../core/index.ts")}\n${from("../model.ts")}`],
  },
  {
    claim: "or that of a folder in it",
    check: rules.onlyTheIndexFromOutside,
    bad: ["src/emulator/latency/gamma.ts", from("../../stats/fit/laws.ts")],
    good: ["src/emulator/latency/gamma.ts", from("../../stats/fit/index.ts")],
  },
  {
    claim: "nothing in src imports testing",
    check: rules.nobodyImportsTesting,
    bad: ["src/run/run.ts", from("../testing/index.ts")],
    good: ["src/testing/index.ts", from("./virtual-clock.ts")],
  },
  {
    claim: "plug-ins never import their siblings",
    check: rules.pluginsStandAlone,
    bad: ["src/detect/cache-thrash.ts", from("./retry-storm.ts")],
    good: ["src/detect/cache-thrash.ts", from("./detector.ts")],
  },
  {
    claim: "shared files of a family do not import its plug-ins",
    check: rules.pluginsStandAlone,
    bad: ["src/report/words.ts", from("./text.ts")],
    good: ["src/report/index.ts", from("./text.ts")],
  },
  {
    claim: "only cli touches argv, the standard streams and exit",
    check: rules.onlyCliTouchesTheProcess,
    bad: ["src/run/run.ts", `process.stdout.write("done");`],
    good: ["src/cli/main.ts", `process.stdout.write("done");`],
  },
  {
    claim: "nobody prints with console",
    check: rules.onlyCliTouchesTheProcess,
    bad: ["src/replay/replay.ts", "console.log(1);"],
    good: ["src/replay/replay.ts", "// not console.log(1)\nnote(1);"],
  },
  {
    claim: "only a few folders open sockets",
    check: rules.onlySomeOpenSockets,
    bad: ["src/stats/welch.ts", from("node:http")],
    good: ["src/emulator/listener.ts", from("node:http")],
  },
  {
    claim: "types and pure functions of a socket module open none",
    check: rules.onlySomeOpenSockets,
    bad: ["src/capture/redact.ts", `import { isIP, connect } from "node:net";`],
    good: ["src/capture/redact.ts", `import { isIPv4, type Socket } from "node:net";`],
  },
  {
    claim: "so does what Node's own HTTP is asked for",
    check: rules.onlySomeOpenSockets,
    bad: ["src/run/scenario/arm.ts", "const { createServer, METHODS } = nodeHttp();"],
    good: ["src/run/scenario/arm.ts", "const { METHODS, validateHeaderName } = nodeHttp();"],
  },
  {
    claim: "fetch opens a socket too",
    check: rules.onlySomeOpenSockets,
    bad: ["src/experiment/gate.ts", `await fetch("http://127.0.0.1")`],
    good: ["src/experiment/gate.ts", "await cache.fetch(key)"],
  },
  {
    claim: "clocks and timers come in as arguments",
    check: rules.clocksComeAsArguments,
    bad: ["src/measure/spool.ts", "const at = Date.now();"],
    good: ["src/core/clock.ts", "const at = Date.now();"],
  },
  {
    claim: "chance comes in as an argument",
    check: rules.clocksComeAsArguments,
    bad: ["src/schedule/poisson.ts", "const u = 1 - Math.random();"],
    good: ["src/schedule/poisson.ts", "/* never Math.random() */ const u = 1 - prng();"],
  },
  {
    claim: "one word per idea: variant, not its synonyms",
    check: rules.oneWordPerIdea,
    bad: ["src/experiment/plan.ts", "const candidateRuns = 4;"],
    good: ["src/experiment/plan.ts", `const variantRuns = words("canary"); // the candidate`],
  },
  {
    claim: "one word per idea: control, not its synonyms",
    check: rules.oneWordPerIdea,
    bad: ["src/stats/welch.ts", "interface Input { BASELINES: number[] }"],
    good: ["src/stats/welch.ts", "interface Input { controls: number[] }"],
  },
  {
    claim: "percentiles are never averaged",
    check: rules.oneWordPerIdea,
    bad: ["src/measure/merge.ts", "const meanP99 = 1;"],
    good: ["src/measure/merge.ts", "const meanUs = 1; const p99Us = 2;"],
  },
  {
    claim: "no note of unfinished work is left over",
    check: rules.nothingLeftOver,
    bad: ["test/run.test.ts", `// ${mark}: later`],
    good: ["test/run.test.ts", "const todos = 1;"],
  },
  {
    claim: "no line is longer than 120 columns",
    check: rules.linesAreShort,
    bad: ["src/index.ts", "x".repeat(121)],
    good: ["src/index.ts", "x".repeat(120)],
  },
  {
    claim: "the text of a template may be longer, what follows it not",
    check: rules.linesAreShort,
    bad: ["src/index.ts", `const a = \`\n${"x".repeat(121)}\n\`;\n${"y".repeat(121)}`],
    good: ["src/index.ts", `const a = \`\n${"x".repeat(121)}\n\`;`],
  },
  {
    claim: "no file of src is longer than 300 lines",
    check: rules.filesAreShort,
    bad: ["src/index.ts", "x;\n".repeat(301)],
    good: ["src/index.ts", "x;\n".repeat(300)],
  },
  {
    claim: "every folder of src has an index.ts",
    check: rules.foldersHaveAnIndex,
    bad: ["src/measure/spool.ts", ""],
    good: ["src/measure/index.ts", ""],
  },
  {
    claim: "every folder of src is named in src/README.md",
    check: rules.foldersAreOnTheMap(readme),
    bad: ["src/nowhere-on-the-map/index.ts", ""],
    good: ["src/index.ts", ""],
  },
];

const source = ([path, text]: readonly [string, string]): Source => ({ path, text });

/** Several claims may be held by one check; the tree is read once for it. */
const byCheck = Map.groupBy(RULES, ({ check }) => check);

describe("the tree keeps the rules", () => {
  it.each(
    [...byCheck].map(([check, held]) => ({
      check,
      claims: held.map(({ claim }) => claim).join("; "),
    })),
  )("$claims", ({ check }) => {
    expect(check(tree)).toEqual([]);
  });
});

describe("each rule finds a bad example, says where, and leaves a good one alone", () => {
  it.each(RULES)("$claim", ({ check, bad, good }) => {
    const found = check([source(bad)]);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(bad[0].split("/").slice(0, 2).join("/"));
    expect(check([source(good)])).toEqual([]);
  });
});

describe("folders do not import each other in a circle", () => {
  const circle = [
    source(["src/run/a.ts", from("../web/index.ts")]),
    source(["src/web/b.ts", from("../fleet/index.ts")]),
    source(["src/fleet/c.ts", from("../run/index.ts")]),
    source(["src/cli/d.ts", from("../run/index.ts")]),
  ];

  it("the tree keeps the rule", () => {
    expect(rules.noFolderCycles(tree)).toEqual([]);
  });

  it("the rule finds every folder of a circle of three, and no other", () => {
    expect(rules.noFolderCycles(circle)).toHaveLength(3);
    expect(rules.noFolderCycles(circle.slice(1))).toEqual([]);
  });
});

describe("exceptions to the clock and socket rules are needed", () => {
  it("the tree keeps the rule", () => {
    expect(rules.exceptionsAreNeeded(tree)).toEqual([]);
  });

  it("the rule finds an exception whose file has gone, or has no need of it", () => {
    const excepted = [...Object.keys(rules.OWN_CLOCK), ...Object.keys(rules.SOCKET_FILES)];
    const idle = excepted.map((path) => source([path, "// Date.now(), fetch()"]));
    expect(rules.exceptionsAreNeeded([])).toHaveLength(idle.length);
    expect(rules.exceptionsAreNeeded(idle)).toHaveLength(idle.length);
  });
});

describe("how files are read", () => {
  it("comments are blanked line for line; strings and expressions that look like them stay", () => {
    const kept = 'const a = "http://b"; const c = /["\\/*]/; const d = `// ${e}`;';
    expect(withoutComments(`${kept} // gone\n/* gone\n*/ f();`).split("\n")).toEqual([
      `${kept}        `,
      "       ",
      "   f();",
    ]);
  });

  it("imports of every form are found, and those in comments are not", () => {
    const text = [
      `import a, { b } from "./a.ts";`,
      `import type {\n  C,\n} from "../core/index.ts";`,
      `import "node:net";`,
      `export * from './e.ts';`,
      `const f = await import("../../top.ts");`,
      `// import g from "./gone.ts";`,
      `const url = new URL("./not-an-import.ts", import.meta.url);`,
    ].join("\n");
    expect(importsOf({ path: "src/run/deep/x.ts", text })).toEqual([
      { clause: "a, { b }", target: "src/run/deep/a.ts" },
      { clause: expect.stringMatching(/^type \{\s+C,\s+\}$/), target: "src/run/core/index.ts" },
      { clause: "", target: "node:net" },
      { clause: "*", target: "src/run/deep/e.ts" },
      { clause: "", target: "src/top.ts" },
    ]);
  });

  it("the tree that is read is not empty", () => {
    expect(tree.length).toBeGreaterThan(40);
  });
});
