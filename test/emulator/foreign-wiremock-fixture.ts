import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer as createHttp, request } from "node:http";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { freePort } from "../../src/run/free-port.ts";

const WIREMOCK = dirname(createRequire(import.meta.url).resolve("wiremock/package.json"));
const JAR = join(WIREMOCK, "build", "wiremock-standalone-3.13.2.jar");

/** Why the real WireMock cannot be started here; null: it can. */
export function missingWireMock(): string | null {
  if (!existsSync(JAR)) return `${JAR} is missing`;
  return spawnSync("java", ["-version"]).error === undefined ? null : "java is missing";
}

export interface Asking {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Answered {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export function ask(port: number, { body, headers, method, path }: Asking): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port, method, path, headers }, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          statusText: response.statusMessage ?? "",
          headers: response.headers,
          body: Buffer.concat(pieces),
        }),
      );
    });
    call.on("error", reject);
    call.end(body);
  });
}

/** WireMock on a free loopback port, playing a folder; ended by the returned function. */
export async function startWireMock(
  folder: string,
): Promise<{ port: number; end: () => Promise<void> }> {
  const port = await freePort();
  const args = `--bind-address 127.0.0.1 --port ${port} --disable-banner --no-request-journal`;
  const child: ChildProcess = spawn(
    "java",
    [
      "-XX:TieredStopAtLevel=1",
      "-Duser.timezone=UTC",
      "-jar",
      JAR,
      ...args.split(" "),
      "--root-dir",
      folder,
    ],
    { stdio: ["ignore", "ignore", "ignore"] },
  );
  const exited = once(child, "exit");
  const end = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exited;
  };
  const until = Date.now() + 40_000;
  for (;;) {
    const health = { method: "GET", path: "/__admin/mappings?limit=1", headers: {}, body: "" };
    const up = await ask(port, health).catch(() => null);
    if (up?.status === 200) return { port, end };
    if (Date.now() > until || child.exitCode !== null) {
      await end();
      throw new Error("WireMock did not come up");
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** What an upstream was asked. */
export interface Mirrored {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An upstream that answers what it was asked; with a status that the path may end with. */
export async function startMirror(): Promise<{ readonly url: string } & Disposable> {
  const server = createHttp((asked, response) => {
    const pieces: Buffer[] = [];
    asked.on("data", (piece: Buffer) => pieces.push(piece));
    asked.on("end", () => {
      const { headers, method, url = "" } = asked;
      const status = Number(/\d{3}$/.exec(url)?.[0] ?? 200);
      response.writeHead(status, "Mirrored it", [
        "x-up",
        "one",
        "x-up",
        "two",
        "set-cookie",
        "a=1",
        "set-cookie",
        "b=2",
      ]);
      response.end(
        status === 204
          ? undefined
          : JSON.stringify({ method, url, headers, body: Buffer.concat(pieces).toString() }),
      );
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.dispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}
