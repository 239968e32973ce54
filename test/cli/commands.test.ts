import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import yargs from "yargs";
import type { CliIo } from "../../src/cli/command.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { ROOT, Running } from "../e2e/cli.ts";

const io: CliIo = {
  stdout: { write: () => {} },
  stderr: { write: () => {} },
  signal: new AbortController().signal,
  exitCode: 0,
};
const modules = COMMANDS.map((command) => command(io));
const names = modules.map(({ command }) => String(command).split(" ")[0]!);

const STATIC_IMPORT = /^(?:import|export)(?! type\b)\s[^;]*?from "(\.[^"]+)";$/gm;

/** The files of src that are loaded with this one, before anything is done. */
function loadedWith(path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const [, target = ""] of readFileSync(path, "utf8").matchAll(STATIC_IMPORT)) {
    loadedWith(join(dirname(path), target), seen);
  }
  return seen;
}

const foldersOf = (file: string): string[] => {
  const loaded = [...loadedWith(join(ROOT, "src/cli", file))];
  return [...new Set(loaded.map((path) => relative(join(ROOT, "src"), path).split("/")[0]!))];
};

describe("what a start loads", () => {
  it("no command before it is asked for: of the tool only core", () => {
    expect(foldersOf("program.ts").toSorted()).toEqual(["cli", "core"]);
    const commands = [...loadedWith(join(ROOT, "src/cli/program.ts"))].filter((path) =>
      names.some((name) => path.endsWith(`/cli/${name}.ts`)),
    );
    expect(commands).toEqual([]);
  });

  it.each(["capture.ts", "profile.ts"])("%s runs without run, replay and emulator", (file) => {
    const folders = foldersOf(file);
    expect(folders).toContain("profile");
    for (const folder of ["run", "replay", "emulator", "report"]) {
      expect(folders).not.toContain(folder);
    }
  });
});

describe("the list of commands", () => {
  it.each(names)("%s loads, and gives its own help", async (name) => {
    const parser = yargs([])
      .command(modules)
      .exitProcess(false)
      .fail((message, error: unknown) => {
        throw error instanceof Error ? error : new Error(message);
      });
    let help = "";
    await parser.parseAsync([name, "--help"], {}, (_error, _given, output) => {
      help = output;
    });
    expect(help).toContain(name);
    expect(help).toContain("Options:");
  });

  it("a command that is none, and flags that are none, leave standard output empty", async () => {
    const wrong = [
      ["captur"],
      ["capture", "x", "--flag"],
      ["profile", "filter", "x", "--method"],
      [],
    ];
    for (const ended of await Promise.all(wrong.map((args) => new Running(args).ended))) {
      expect(ended).toMatchObject({ code: 64, stdout: "" });
      expect(ended.stderr).toMatch(/^shakedown: /);
    }
  });
});
