import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import { describe, expect, it } from "vitest";
import { EXIT } from "../src/core/index.ts";
import { emulatedFileSchema, scenarioSchema } from "../src/run/index.ts";
import { ROOT, Running } from "./e2e/cli.ts";

/*
 * The documentation is executed. In a ```console block, lines that begin with `$ ` are commands;
 * what follows must appear in their output, in order, where a line of `…` stands for any lines.
 */
const PAGES = [
  "README.md",
  "src/README.md",
  "src/measure/README.md",
  "profiles/README.md",
] as const;
const text = (page: string): string => readFileSync(join(ROOT, page), "utf8");

interface Shown {
  readonly command: string;
  readonly output: readonly string[];
}

function consoleBlocks(markdown: string): Shown[] {
  const shown: Shown[] = [];
  for (const [, block = ""] of markdown.matchAll(/^```console\n([\s\S]*?)^```$/gm)) {
    for (const part of block.split(/^\$ /m).slice(1)) {
      const [command = "", ...output] = part.trimEnd().split("\n");
      shown.push({ command, output });
    }
  }
  return shown;
}

const fences = (markdown: string, language: string): string[] =>
  [...markdown.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(
    ([, body]) => body ?? "",
  );

describe("the README", () => {
  const readme = text("README.md");

  it.each(consoleBlocks(readme))("shows what `$command` prints", async ({ command, output }) => {
    const [npx, tool, ...args] = command.split(" ");
    expect([npx, tool]).toEqual(["npx", "shakedown"]);
    const { code, stderr, stdout } = await new Running(args).ended;
    expect(stderr).toBe("");
    expect(code).toBe(0);
    const lines = stdout.split("\n").map((line) => line.trimEnd());
    let from = 0;
    for (const line of output.filter((wanted) => wanted !== "…")) {
      const at = lines.indexOf(line.trimEnd(), from);
      expect(at, `“${line}” in:\n${stdout}`).toBeGreaterThanOrEqual(from);
      from = at + 1;
    }
  });

  it("has console blocks to run", () => {
    expect(consoleBlocks(readme).length).toBeGreaterThanOrEqual(2);
  });

  it("shows a scenario that the schema accepts", () => {
    const [scenario = ""] = fences(readme, "yaml");
    expect(scenarioSchema.safeParse(parse(scenario)).error).toBeUndefined();
  });

  it("shows dependencies that the schema accepts", () => {
    const files = fences(readme, "yaml").filter((each) => each.startsWith("dependencies:"));
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      expect(emulatedFileSchema.safeParse(parse(file)).error).toBeUndefined();
    }
  });

  it("names every command that the tool has", async () => {
    const { stdout } = await new Running(["--help"]).ended;
    const commands = [...stdout.matchAll(/^ {2}shakedown (\w+)/gm)].map(([, name]) => name!);
    expect(commands.length).toBeGreaterThan(0);
    for (const command of commands) expect(readme).toContain(`shakedown ${command}`);
  });

  it("gives the exit codes that the tool uses", () => {
    const listed = [...(/Exit codes: (.*)/.exec(readme)?.[1] ?? "").matchAll(/\*\*(\d+)\*\*/g)];
    expect(listed.map(([, code]) => Number(code))).toEqual(Object.values(EXIT));
  });
});

describe.each(PAGES)("%s", (page) => {
  it("links to files that exist", () => {
    const links = [...text(page).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link]) => link!);
    const broken = links.filter((link) => !existsSync(resolve(ROOT, dirname(page), link)));
    expect(broken).toEqual([]);
  });
});
