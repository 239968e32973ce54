import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { freePort } from "../../src/run/free-port.ts";

function present(): boolean {
  try {
    execFileSync("redis-server", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

export const REDIS = present();

/** Where all tests have to run, a missing redis-server is a failure; elsewhere they are skipped. */
export function needsRedis(): void {
  it.skipIf(process.env["CI"] !== "true")(
    "redis-server is there, where all tests have to run",
    () => {
      expect(REDIS).toBe(true);
    },
  );
}

async function answers(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const up = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    socket.destroy();
    if (up) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A redis-server of a test's own, on a free loopback port; gone with it. */
export class TestRedis implements AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly folder = mkdtempSync(join(tmpdir(), "shakedown-redis-"));
  readonly #flags: readonly string[];
  #child: ChildProcess | null = null;

  private constructor(port: number, flags: readonly string[]) {
    this.port = port;
    this.url = `redis://127.0.0.1:${port}`;
    this.#flags = flags;
  }

  static async start(...flags: readonly string[]): Promise<TestRedis> {
    const redis = new TestRedis(await freePort(), flags);
    await redis.start();
    return redis;
  }

  async start(): Promise<void> {
    const own = ["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.folder];
    const quiet = ["--save", "", "--appendonly", "no"];
    this.#child = spawn("redis-server", [...own, ...quiet, ...this.#flags], { stdio: "ignore" });
    await answers(this.port);
  }

  /** It hangs: connections stay, and nothing is answered. */
  pause(): void {
    this.#child?.kill("SIGSTOP");
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  /** As a machine that loses its power. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    this.#child = null;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
