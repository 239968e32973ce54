import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../src/run/free-port.ts";

const INSTALLED = "/usr/lib/postgresql";

/** Where the newest of Debian's versions has its programs; null: it is not installed. */
export function programs(): string | null {
  if (!existsSync(INSTALLED)) return null;
  const versions = readdirSync(INSTALLED).toSorted((a, b) => Number(b) - Number(a));
  const folders = versions.map((version) => join(INSTALLED, version, "bin"));
  return folders.find((folder) => existsSync(join(folder, "initdb"))) ?? null;
}

/** It does not run as root: root lends it the user that its package made. */
function asWhom(): { readonly uid: number; readonly gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const [uid, gid] = ["-u", "-g"].map((flag) =>
    Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" })),
  );
  return { uid: uid!, gid: gid! };
}

/** A server of its own on loopback, with its data in a folder that goes with it. */
export async function startPostgres(bin: string) {
  const folder = mkdtempSync(join(tmpdir(), "shakedown-postgres-"));
  const user = asWhom();
  if (user !== null) chownSync(folder, user.uid, user.gid);
  const options = { cwd: folder, ...user };
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  let server: ChildProcess;
  let port: number;
  try {
    const data = join(folder, "data");
    const made = ["-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "--locale=C"];
    execFileSync(join(bin, "initdb"), made, { ...options, stdio: ["ignore", "ignore", "pipe"] });
    port = await freePort();
    const settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"];
    const flags = ["-D", data, "-p", String(port), ...settings.flatMap((each) => ["-c", each])];
    server = spawn(join(bin, "postgres"), flags, {
      ...options,
      stdio: ["ignore", "ignore", "pipe"],
    });
  } catch (thrown) {
    remove();
    throw thrown;
  }
  const exited = once(server, "exit");
  let said = "";
  const ready = Promise.withResolvers<void>();
  server.stderr?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
    if (said.includes("ready to accept connections")) ready.resolve();
  });
  void exited.then(() => ready.reject(new Error(`postgres ended by itself: ${said}`)));
  const stop = async (): Promise<void> => {
    // An immediate shutdown: nothing of it is kept.
    server.kill("SIGQUIT");
    await exited;
    remove();
  };
  await ready.promise.catch(async (thrown: unknown) => {
    await stop();
    throw thrown;
  });
  return { upstream: `127.0.0.1:${port}`, stop };
}
