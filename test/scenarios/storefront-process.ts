import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";

const SERVICE = fileURLToPath(new URL("../../scenarios/services/storefront.ts", import.meta.url));

/** Settles when the condition holds; the test's own timeout bounds it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

export interface SeenCall {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

export interface StubDependency extends AsyncDisposable {
  readonly url: string;
  readonly calls: SeenCall[];
  readonly openConnectionsMax: () => number;
}

/** A dependency on a free port that notes every call, and answers as told. */
export async function startStub(
  answer: (res: ServerResponse, call: SeenCall, seq: number) => void,
): Promise<StubDependency> {
  const calls: SeenCall[] = [];
  let open = 0;
  let openMax = 0;
  const server = createServer((req, res) => {
    const call = { method: req.method ?? "", path: req.url ?? "", headers: req.headers };
    calls.push(call);
    req.resume();
    answer(res, call, calls.length - 1);
  });
  server.on("connection", (socket) => {
    openMax = Math.max(openMax, ++open);
    socket.on("close", () => open--);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    openConnectionsMax: () => openMax,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

export const ok = (res: ServerResponse): void => {
  const body = { title: "A thing", products: ["One"], stars: 4.5, token: "tok_1", total: "12.00" };
  res.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
};

export interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

/** Starts the service and waits for its end: for starts that must fail. */
export async function runToEnd(env: Readonly<Record<string, string>>): Promise<Ended> {
  const child = spawn(process.execPath, [SERVICE], { env, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stderr };
}

export interface Storefront extends AsyncDisposable {
  readonly url: string;
  readonly child: ChildProcess;
  /** The status and the body of one GET. */
  get(path: string, headers?: Record<string, string>): Promise<{ status: number; text: string }>;
}

/** Starts the service on a free port and waits until it listens. */
/** What a busy machine delays is given up by nobody, unless that is what a test is about. */
const PATIENT = {
  CATALOG_TIMEOUT_MS: "20000",
  PAYMENT_TIMEOUT_MS: "20000",
  REVIEWS_TIMEOUT_MS: "20000",
  PAGE_BUDGET_MS: "60000",
};

export async function startStorefront(env: Readonly<Record<string, string>>): Promise<Storefront> {
  const child = spawn(process.execPath, [SERVICE], {
    env: { PORT: "0", ...PATIENT, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let stdout = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  await until(() => stdout.includes("\n") || child.exitCode !== null);
  const url = /http:\S+/.exec(stdout)?.[0];
  if (url === undefined) throw new Error(`the storefront did not start: ${stdout}`);
  return {
    url,
    child,
    async get(path, headers = {}) {
      const response = await fetch(url + path, { headers });
      return { status: response.status, text: await response.text() };
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}
