import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, type WriteStream } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { messageOf, NS_PER_MS, NS_PER_S, ShakedownError, systemCodeOf } from "../core/index.ts";
import { freePort, portIfFree } from "./free-port.ts";
import { reach, type TransportTarget } from "../replay/index.ts";
import type { ScenarioArm } from "./scenario/index.ts";
import { keepTrackOf, loseTrackOf, pathWithOurNode, signalGroup } from "./spawned.ts";
import { tlsOptions } from "./tls-files.ts";

/** One side of the comparison, up and ready to take requests. */
export interface Target extends AsyncDisposable {
  readonly arm: string;
  /** `http://127.0.0.1:8080`, without a path. */
  readonly origin: string;
  /** The same, for transports. */
  readonly address: TransportTarget;
  readonly headers: Readonly<Record<string, string>>;
  /** What was spawned; null for a target that ran already. */
  readonly pid: number | null;
  /** Resolves when a spawned target has ended by itself, with how. Never for one that ran already. */
  readonly died: Promise<string>;
  /** Asks it to end, and makes it after three seconds. */
  stop(): Promise<void>;
}

export interface TargetOptions {
  readonly arm: string;
  readonly spec: ScenarioArm;
  /** Where the command runs: the scenario's folder, or the same of a revision. */
  readonly dir: string;
  /** Addresses of the emulated dependencies, as `PAYMENTS_URL=…`. */
  readonly dependencyEnv: Readonly<Record<string, string>>;
  readonly logPath: string;
}

const STOP_GRACE_MS = 3_000;
const LOG_TAIL_BYTES = 2_000;
const DRAIN_MS = 250;
const NOT_STARTED = "could not be started";
const READY_EVERY_MS = 50;

/**
 * Words of a command, with quotes understood (also inside a word: `--title="a b"`) and nothing
 * else: no shell is involved. A quote without its partner stands for itself.
 */
export function commandWords(command: string): string[] {
  const words = command.match(/(?:"[^"]*"|'[^']*'|\S)+/g) ?? [];
  return words.map((word) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, "$1$2"));
}

/** The port that an arm wants, if it is free; of 0 a free one. */
async function claimPort(arm: string, wanted: number): Promise<number> {
  if (wanted === 0) return freePort();
  const port = await portIfFree(wanted);
  if (port !== null) return port;
  throw new ShakedownError("PORT_IN_USE", `arm ${arm}: port ${wanted} on 127.0.0.1 is taken`, {
    hint: "end what listens there, name another port, or leave `port` out to get a free one",
  });
}

class Tail {
  text = "";
  add(chunk: Buffer): void {
    this.text = (this.text + chunk.toString("utf8")).slice(-LOG_TAIL_BYTES);
  }
}

function how(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
}

class SpawnedTarget implements Target {
  readonly arm: string;
  readonly origin: string;
  readonly address: TransportTarget;
  readonly headers: Readonly<Record<string, string>>;
  readonly died: Promise<string>;
  readonly exited: Promise<string>;
  readonly tail = new Tail();
  readonly #child: ChildProcess;
  readonly #log: WriteStream;
  /** Its output has been read to the end. */
  readonly #drained: Promise<void>;
  #stopped: Promise<void> | null = null;

  constructor(
    options: TargetOptions & {
      readonly port: number;
      readonly command: string;
      readonly env: Record<string, string>;
    },
  ) {
    const { arm, command, dir, dependencyEnv, env, logPath, port, spec } = options;
    this.arm = arm;
    this.headers = spec.headers;
    this.origin = `http://127.0.0.1:${port}`;
    this.address = { origin: this.origin, address: "127.0.0.1", tls: null, http2: false };
    const [program = "", ...args] = commandWords(command);
    this.#child = spawn(program, args, {
      cwd: dir,
      env: {
        ...process.env,
        PATH: pathWithOurNode(),
        ...dependencyEnv,
        ...env,
        PORT: String(port),
      },
      stdio: ["ignore", "pipe", "pipe"],
      // A process group of its own: Ctrl-C is ours to pass on, and its children end with it.
      detached: true,
    });
    if (this.#child.pid !== undefined) keepTrackOf(this.#child.pid);
    this.#log = createWriteStream(logPath, { flags: "a" });
    this.#log.on("error", () => {});
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.tail.add(chunk);
        this.#log.write(chunk);
      });
    }
    this.exited = new Promise((resolve) => {
      this.#child.once("error", (error) => {
        const missing = systemCodeOf(error) === "ENOENT";
        const why = missing ? `there is no program \`${program}\`` : messageOf(error);
        resolve(`${NOT_STARTED}: ${why}`);
      });
      this.#child.once("exit", (code, signal) => resolve(how(code, signal)));
    });
    this.#drained = new Promise((resolve) => this.#child.once("close", () => resolve()));
    this.died = this.exited.then((why) =>
      this.#stopped === null ? why : new Promise<string>(() => {}),
    );
  }

  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** What it has said, read to the end if that comes soon: children of its own may hold on. */
  async lastWords(): Promise<string> {
    await Promise.race([this.#drained, delay(DRAIN_MS)]);
    return this.tail.text.trim();
  }

  async #stop(): Promise<void> {
    if (
      this.#child.pid !== undefined &&
      this.#child.exitCode === null &&
      this.#child.signalCode === null
    ) {
      this.#signal("SIGTERM");
      const timer = new AbortController();
      const grace = delay(STOP_GRACE_MS, "late", { signal: timer.signal }).catch(() => "early");
      if ((await Promise.race([this.exited, grace])) === "late") this.#signal("SIGKILL");
      timer.abort();
      await this.exited;
    }
    // Whatever the target itself had started and left behind.
    this.#signal("SIGKILL");
    if (this.#child.pid !== undefined) loseTrackOf(this.#child.pid);
    await new Promise<void>((resolve) => this.#log.end(() => resolve()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#child.pid !== undefined) signalGroup(this.#child.pid, signal);
  }
}

/** Asks until an answer below 500 comes. @throws TARGET_START_FAILED, TARGET_UNREACHABLE */
async function waitUntilReady(
  target: SpawnedTarget,
  ready: { readonly path: string; readonly withinNs: number },
  signal: AbortSignal,
): Promise<void> {
  const untilNs = process.hrtime.bigint() + BigInt(Math.round(ready.withinNs));
  const url = `${target.origin}${ready.path}`;
  const { request } = await import("undici");
  let gone: string | undefined;
  void target.exited.then((why) => (gone = why));
  let last = "nothing listens there";
  for (;;) {
    signal.throwIfAborted();
    const leftMs = Number(untilNs - process.hrtime.bigint()) / NS_PER_MS;
    if (leftMs <= 0 || gone !== undefined) break;
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(leftMs))]);
    try {
      // A connection of its own: none stays open for the target to wait for when it ends.
      const answer = await request(url, { reset: true, signal: inTime });
      await answer.body.dump();
      if (answer.statusCode < 500) return;
      last = `it answers ${answer.statusCode}`;
    } catch (thrown) {
      last = inTime.aborted ? "it does not answer" : messageOf(thrown);
    }
    await delay(READY_EVERY_MS);
  }
  const words = gone === undefined ? target.tail.text.trim() : await target.lastWords();
  const said = words === "" ? "" : `; it said:\n${words}`;
  throw new ShakedownError(
    "TARGET_START_FAILED",
    gone === undefined
      ? `arm ${target.arm} was not ready at ${url} within ${ready.withinNs / NS_PER_S} s: ${last}${said}`
      : `arm ${target.arm} ${gone}${gone.startsWith(NOT_STARTED) ? "" : " before it was ready"}${said}`,
    { hint: "try its command by hand; it must listen on PORT and answer `ready`" },
  );
}

async function useRunning(
  { arm, dir }: TargetOptions,
  spec: Extract<ScenarioArm, { url: string }>,
  signal: AbortSignal,
): Promise<Target> {
  const { http2, url } = spec;
  const address = await reach({ arm, url, tls: tlsOptions(spec, dir), http2 }, signal);
  const stop = (): Promise<void> => Promise.resolve();
  const died = new Promise<string>(() => {});
  return {
    arm,
    origin: address.origin,
    address,
    headers: spec.headers,
    pid: null,
    died,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/**
 * Brings one arm up: spawns its command with PORT and the dependencies' addresses in the
 * environment and waits until it answers, or checks that a running one does.
 * @throws PORT_IN_USE, TARGET_START_FAILED, TARGET_UNREACHABLE
 */
export async function startTarget(options: TargetOptions, signal: AbortSignal): Promise<Target> {
  const { arm, spec } = options;
  if ("url" in spec) return useRunning(options, spec, signal);
  const port = await claimPort(arm, spec.port ?? 0);
  const target = new SpawnedTarget({ ...options, port, command: spec.command, env: spec.env });
  try {
    await waitUntilReady(target, { path: spec.ready, withinNs: spec.readyWithin }, signal);
    return target;
  } catch (thrown) {
    await target.stop();
    throw thrown;
  }
}
