import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { messageOf, ShakedownError } from "../core/index.ts";

/** Where everything of one run is kept. */
export class RunDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /**
   * Makes `<out>/<started>-<scenario>-<id>/`, empty: see `makeFolders`, and `run` for several.
   * @throws OUTPUT_UNWRITABLE
   */
  static create(out: string, run: { startedAt: Date; scenario: string; id: string }): RunDirectory {
    const stamp = run.startedAt.toISOString().replaceAll(/[-:]/g, "").replace(/\..*$/, "Z");
    const slug = run.scenario
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-|-$/g, "");
    const directory = new RunDirectory(
      join(out, `${stamp}-${slug.slice(0, 40).replace(/-$/, "") || "run"}-${run.id.slice(0, 6)}`),
    );
    directory.#make("");
    return directory;
  }

  /** The folders of one run. @throws OUTPUT_UNWRITABLE */
  makeFolders(): void {
    for (const folder of ["observations", "emulated", "logs"]) this.#make(folder);
  }

  #make(folder: string): void {
    try {
      mkdirSync(join(this.path, folder), { recursive: true });
    } catch (cause) {
      const message = `cannot create ${this.path}: ${messageOf(cause)}`;
      const hint = "name another folder with --out";
      throw new ShakedownError("OUTPUT_UNWRITABLE", message, { hint, cause });
    }
  }

  /** Of an experiment of several runs: the directory of one, from 1. */
  run(run: number): RunDirectory {
    return new RunDirectory(join(this.path, "runs", String(run)));
  }

  /** Whether several runs are kept here, each in a directory of its own. */
  get holdsRuns(): boolean {
    return existsSync(this.file("experiment.json"));
  }

  /** Where a worker of the generator writes what it observes. */
  observations(worker: number): string {
    return join(this.path, "observations", `worker-${worker}.spool`);
  }

  /** The observations that are there, in the order of the workers. @throws RUN_INVALID */
  observationSpools(): string[] {
    const folder = join(this.path, "observations");
    const workers = this.#list(folder).flatMap(
      (name) => /^worker-(\d+)\.spool$/.exec(name)?.slice(1).map(Number) ?? [],
    );
    return workers.toSorted((a, b) => a - b).map((worker) => this.observations(worker));
  }

  /** Where a worker of the generator writes in what answers differ. */
  responses(worker: number): string {
    return join(this.path, "observations", `worker-${worker}.responses.ndjson`);
  }

  /** The logs of compared answers that are there. @throws RUN_INVALID */
  responseLogs(): string[] {
    const folder = join(this.path, "observations");
    return this.#list(folder)
      .filter((name) => /^worker-\d+\.responses\.ndjson$/.test(name))
      .toSorted()
      .map((name) => join(folder, name));
  }

  /** Where a worker of the generator writes which start of a split went where. */
  exposures(worker: number): string {
    return join(this.path, "observations", `exposures-${worker}.spool`);
  }

  /** The exposures that are there. @throws RUN_INVALID */
  exposureSpools(): string[] {
    const folder = join(this.path, "observations");
    return this.#list(folder)
      .filter((name) => /^exposures-\d+\.spool$/.test(name))
      .toSorted()
      .map((name) => join(folder, name));
  }

  /** Where the emulator writes its calls. */
  get calls(): string {
    return this.callsOf(0);
  }

  /** Where one of a fleet's emulators does. */
  callsOf(emulator: number): string {
    const name = emulator === 0 ? "calls.spool" : `calls-${emulator}.spool`;
    return join(this.path, "emulated", name);
  }

  /** The files of calls that are there, in the order of the emulators. */
  callSpools(): string[] {
    if (!existsSync(this.calls)) return [];
    const others = this.#list(join(this.path, "emulated")).flatMap(
      (name) => /^calls-(\d+)\.spool$/.exec(name)?.slice(1).map(Number) ?? [],
    );
    return [0, ...others.toSorted((a, b) => a - b)].map((emulator) => this.callsOf(emulator));
  }

  get exchanges(): string {
    return join(this.path, "emulated", "exchanges.spool");
  }

  get connections(): string {
    return join(this.path, "emulated", "connections.spool");
  }

  #list(folder: string): string[] {
    try {
      return readdirSync(folder);
    } catch (cause) {
      throw new ShakedownError("RUN_INVALID", `cannot read ${folder}: ${messageOf(cause)}`, {
        hint: "name a run directory, such as runs/20260101T120000Z-payment-pool-cut-1a2b3c",
        cause,
      });
    }
  }

  file(name: string): string {
    return join(this.path, name);
  }

  log(arm: string): string {
    return join(this.path, "logs", `${arm}.log`);
  }

  /**
   * Writes a file whole or not at all. What is large comes in pieces, written as they are made.
   * @throws DISK_WRITE_FAILED
   */
  write(name: string, text: string | Iterable<string>): void {
    const path = this.file(name);
    try {
      writePieces(`${path}.part`, typeof text === "string" ? [text] : text);
      renameSync(`${path}.part`, path);
    } catch (cause) {
      rmSync(`${path}.part`, { force: true });
      throw new ShakedownError("DISK_WRITE_FAILED", `cannot write ${path}: ${messageOf(cause)}`, {
        hint: "what was measured before is kept; free some space, then `shakedown report` makes this again",
        cause,
      });
    }
  }
}

const CHUNK_CHARS = 262_144;

function writePieces(path: string, pieces: Iterable<string>): void {
  const file = openSync(path, "w");
  try {
    let text = "";
    for (const piece of pieces) {
      text += piece;
      if (text.length < CHUNK_CHARS) continue;
      writeFileSync(file, text);
      text = "";
    }
    writeFileSync(file, text);
  } finally {
    closeSync(file);
  }
}
