import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  onTestFinished,
} from "vitest";
import { NS_PER_S, type ShakedownError } from "../../src/core/index.ts";
import { registerPlan } from "../../src/experiment/index.ts";
import { type RunEvent, runScenario } from "../../src/run/index.ts";
import { readManifest } from "../../src/run/manifest.ts";
import { registration } from "../../src/run/registration.ts";
import { buildRevisions, gitState, withRevisions } from "../../src/run/revision/index.ts";
import type { ScenarioArm } from "../../src/run/scenario/index.ts";
import { PLAN } from "../experiment/plan-fixture.ts";
import { TestRepository } from "./git-fixture.ts";

const arm = (): ScenarioArm => ({
  command: "node server.mjs",
  env: {},
  ready: "/",
  readyWithin: 20 * NS_PER_S,
  headers: {},
});
const ARMS = { control: arm(), variant: arm() };

/** Where temporary folders are made, so that what is left behind shows. */
let temporary = "";
const before = process.env["TMPDIR"];
beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), "shakedown-tmp-"));
  process.env["TMPDIR"] = temporary;
});
afterEach(() => {
  if (before === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = before;
  rmSync(temporary, { recursive: true, force: true });
});

const leftBehind = (): string[] =>
  readdirSync(temporary).filter((name) => name.startsWith("shakedown-revisions-"));

interface Given {
  readonly control?: string;
  readonly variant?: string;
  readonly build?: string;
  readonly arms?: Readonly<Record<string, ScenarioArm>>;
  readonly within?: string;
  readonly onEvent?: (event: RunEvent) => void;
  readonly signal?: AbortSignal;
}

function prepare(where: { readonly path: string }, given: Given = {}) {
  const { arms = ARMS, build, control = "HEAD~1", onEvent = () => {}, variant = "HEAD" } = given;
  const wanted = { control, variant, ...(build === undefined ? {} : { build }) };
  const dir = join(where.path, given.within ?? "");
  const signal = given.signal ?? new AbortController().signal;
  return buildRevisions({ dir, arms, wanted, onEvent }, signal);
}

const failure = (preparing: ReturnType<typeof prepare>): Promise<ShakedownError> =>
  preparing.then(
    () => Promise.reject(new Error("it was prepared")),
    (thrown: unknown) => thrown as ShakedownError,
  );

const repository = new TestRepository();
beforeAll(() => {
  repository.commit({ "say.txt": "one" });
  repository.commit({ "say.txt": "two", "perf/in.txt": "there" });
});
afterAll(() => repository[Symbol.dispose]());

describe("two revisions side by side", () => {
  it("has each arm run in the scenario's folder of its own commit, built at the top of it", async () => {
    repository.write("say.txt", "not committed");
    onTestFinished(() => void repository.git("checkout", "--quiet", "say.txt"));
    const events: RunEvent[] = [];
    const held = await prepare(repository, {
      within: "perf",
      build: "cat say.txt > perf/built.txt; git rev-parse HEAD >> perf/built.txt",
      onEvent: (event) => void events.push(event),
    });
    const [control, variant] = ["control", "variant"].map((name) => held.built.arms.get(name)!);
    expect(readFileSync(join(control!.dir, "built.txt"), "utf8")).toBe(`one${control!.commit}\n`);
    expect(readFileSync(join(variant!.dir, "built.txt"), "utf8")).toBe(`two${variant!.commit}\n`);
    const warnings = events.flatMap((event) => (event.kind === "warning" ? [event.message] : []));
    expect(warnings).toEqual([
      "files were changed since the last commit: neither revision has that; commit to test it",
      expect.stringMatching(/^control \(HEAD~1, [0-9a-f]{12}\) has no perf: /),
    ]);
    expect(repository.worktrees).toBe(3);
    await held[Symbol.asyncDispose]();
    expect(leftBehind()).toEqual([]);
    expect(repository.worktrees).toBe(1);
  });

  it("runs no hook of the repository", async () => {
    repository.write(".git/hooks/post-checkout", '#!/bin/sh\ntouch "$(dirname "$0")/ran"\n');
    chmodSync(join(repository.path, ".git/hooks/post-checkout"), 0o755);
    await (await prepare(repository))[Symbol.asyncDispose]();
    expect(existsSync(join(repository.path, ".git/hooks/ran"))).toBe(false);
  });

  it("is another plan with other commits, and tells that the arms differ in them", async () => {
    await using one = await prepare(repository);
    await using other = await prepare(repository, { control: "HEAD" });
    const hashes = [undefined, one.built, other.built].map(
      (built) => registerPlan(withRevisions(PLAN, built)).sha256,
    );
    expect(new Set(hashes).size).toBe(3);
    const told = (revisions: typeof one.built): unknown =>
      registration({
        registered: registerPlan(PLAN),
        lock: null,
        loaded: { scenario: { arms: ARMS }, revisions },
      })["armsDiffer"];
    expect(told(one.built)).toMatchObject([{ arm: "variant", setting: "commit" }]);
    expect(told(other.built), "an A/A run").toEqual([]);
  });

  it.each([
    ["a ref that is not there", { variant: "nope" }, "REVISION_UNKNOWN", "git fetch"],
    ["what is no commit", { variant: "HEAD:say.txt" }, "REVISION_UNKNOWN", "git branch"],
    ["what looks like an option", { variant: "--all" }, "REVISION_UNKNOWN", "git tag"],
    ["a build that fails", { build: "echo no luck >&2; exit 3" }, "BUILD_FAILED", "clean clone"],
    ["arms that run already", { arms: { ...ARMS, variant: URL_ARM() } }, "USAGE", "starts? the"],
    ["several variants", { arms: { ...ARMS, other: arm() } }, "USAGE", "control and variant"],
    ["one arm alone", { arms: { target: arm() } }, "USAGE", "control and variant"],
  ])("refuses %s, says what to do, and leaves nothing behind", async (_, given, code, hint) => {
    const thrown = await failure(prepare(repository, given));
    expect(thrown.code).toBe(code);
    expect(thrown.hint).toMatch(new RegExp(hint));
    expect(leftBehind()).toEqual([]);
    expect(repository.worktrees).toBe(1);
  });

  it("tells what a build that fails has said", async () => {
    const { message } = await failure(
      prepare(repository, { build: "echo no luck >&2; exit 3", variant: "main" }),
    );
    expect(message).toMatch(/^the build of control \(HEAD~1, .{12}\) ended with exit code 3;/);
    expect(message).toMatch(/no luck$/);
  });

  it("says of a name that a remote has, and of a shallow clone, what would do", async () => {
    repository.git("branch", "stable");
    const clones = mkdtempSync(join(tmpdir(), "clone-"));
    const clone = (name: string, ...more: string[]): { readonly path: string } => {
      const path = join(clones, name);
      const source = `file://${repository.path}`;
      execFileSync("git", ["clone", "--quiet", ...more, source, path], { stdio: "ignore" });
      return { path };
    };
    const whole = await failure(prepare(clone("whole"), { control: "stable" }));
    expect(whole.hint).toBe("there is origin/stable: --control-ref origin/stable");
    const shallow = await failure(prepare(clone("shallow", "--depth=1")));
    expect(shallow.hint).toMatch(/the clone is shallow.*fetch-depth: 0/);
    const none = await failure(prepare({ path: clones }));
    expect([none.code, none.message]).toEqual([
      "REVISION_UNKNOWN",
      expect.stringContaining("is in no working tree of a git repository"),
    ]);
  });

  it("ends a build, and takes all down, when it is interrupted", async () => {
    const stopping = new AbortController();
    const onEvent = (event: RunEvent): void => {
      if (event.kind === "starting" && event.what.startsWith("build")) stopping.abort();
    };
    const build = "sleep 600 & sleep 600";
    const thrown = await failure(prepare(repository, { build, onEvent, signal: stopping.signal }));
    expect(thrown.code).toBe("INTERRUPTED");
    expect(leftBehind()).toEqual([]);
    expect(repository.worktrees).toBe(1);
  });

  it("compares what the commits hold, and the run says which they were", async () => {
    using own = new TestRepository();
    const server = (status: number): string => `import { createServer } from "node:http";
createServer((request, response) => response.writeHead(request.url === "/ready" ? 200 : ${status}).end())
  .listen(process.env.PORT, "127.0.0.1");
`;
    const start = (): string => '{ command: "node ../server.mjs", ready: /ready }';
    const text = `scenario: two commits
profile: ${new URL("../../profiles/storefront.ndjson.gz", import.meta.url).pathname}
rate: 40/s
arms: { control: ${start()}, variant: ${start()} }
hypothesis: { if: nothing, then: { metric: response_time_p50, changesBy: less-than, margin: 50% } }
stages: [ { name: all, rate: 100%, for: 1s } ]
`;
    const first = own.commit({ "server.mjs": server(200), "perf/shop.yaml": text });
    const second = own.commit({ "server.mjs": server(204) });
    const { directory, model } = await runScenario(
      {
        scenario: join(own.path, "perf/shop.yaml"),
        out: temporary,
        version: "0.0.0",
        command: "test",
        revisions: { control: "HEAD~1", variant: "main" },
        onEvent: () => {},
      },
      new AbortController().signal,
    );
    const { arms, run } = model.result;
    expect(arms["control"]!.statusCounts).toEqual({ 200: arms["control"]!.responses });
    expect(arms["variant"]!.statusCounts).toEqual({ 204: arms["variant"]!.responses });
    const revisions = {
      control: { ref: "HEAD~1", commit: first },
      variant: { ref: "main", commit: second },
    };
    expect(run).toMatchObject({ git: { commit: second, dirty: false }, revisions });
    expect(readManifest(directory).revisions).toEqual(revisions);
    expect(leftBehind()).toEqual([]);
  }, 120_000);
});

function URL_ARM(): ScenarioArm {
  return { url: "http://127.0.0.1:9", headers: {}, http2: false };
}

describe("what a repository was at", () => {
  it("is its commit, and whether what git keeps was changed since", async () => {
    using fresh = new TestRepository();
    expect(await gitState(fresh.path), "no commit yet").toBeNull();
    const commit = fresh.commit({ "a.txt": "a" });
    fresh.write("runs/not-kept.txt", "b");
    expect(await gitState(fresh.path)).toEqual({ commit, dirty: false });
    fresh.write("a.txt", "c");
    expect(await gitState(fresh.path)).toEqual({ commit, dirty: true });
    expect(await gitState(temporary), "no repository").toBeNull();
  });
});
