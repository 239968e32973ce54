import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";

const ip = (...args: readonly string[]): void =>
  void execFileSync("ip", [...args], { stdio: ["ignore", "ignore", "pipe"] });

/** Of this process alone: tests may run beside each other. */
const NAME = `sd${process.pid % 100_000}`;

/** Why network namespaces cannot be made here; null where they can. */
export function whyNoNamespaces(): string | null {
  try {
    ip("netns", "add", `${NAME}p`);
    ip("netns", "del", `${NAME}p`);
    return null;
  } catch (thrown) {
    return thrown instanceof Error ? (thrown.message.split("\n").at(-1) ?? "") : String(thrown);
  }
}

/**
 * A network of its own for some processes, with a loopback of its own, and one cable to this one:
 * `here` is this end's address.
 */
export class Namespace implements AsyncDisposable {
  readonly here = "10.213.77.1";
  readonly #children: ChildProcess[] = [];

  constructor() {
    ip("netns", "add", NAME);
    try {
      ip("link", "add", NAME, "type", "veth", "peer", "name", "eth0", "netns", NAME);
      ip("addr", "add", `${this.here}/30`, "dev", NAME);
      ip("-n", NAME, "addr", "add", "10.213.77.2/30", "dev", "eth0");
      ip("-n", NAME, "link", "set", "lo", "up");
      ip("-n", NAME, "link", "set", "eth0", "up");
      ip("link", "set", NAME, "up");
    } catch (thrown) {
      ip("netns", "del", NAME);
      throw thrown;
    }
  }

  /** Starts a Node.js program in there; resolves when it has said something. */
  async node(...args: readonly string[]): Promise<ChildProcess> {
    const inside = ["netns", "exec", NAME, process.execPath, ...args];
    const child = spawn("ip", inside, { stdio: ["ignore", "pipe", "inherit"] });
    this.#children.push(child);
    await once(child.stdout, "data");
    child.stdout.resume();
    return child;
  }

  /** What is sent either way is lost. */
  cut(): void {
    ip("link", "set", NAME, "down");
  }

  mend(): void {
    ip("link", "set", NAME, "up");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null) continue;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    }
    ip("netns", "del", NAME);
  }
}
