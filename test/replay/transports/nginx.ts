import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { TransportTarget } from "../../../src/replay/index.ts";
import { selfSignedCertificate } from "../../../src/testing/index.ts";
import { freePort } from "../../../src/run/free-port.ts";

/** The file of the `nginx` command, or undefined where there is none. */
export function findNginx(): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, "nginx")).find((file) => existsSync(file));
}

export interface Nginx extends AsyncDisposable {
  readonly http: TransportTarget;
  readonly https: TransportTarget;
  readonly http2: TransportTarget;
}

/** Requests that nginx answers on one connection before it closes it. */
export const REQUESTS_A_CONNECTION = 7;
export const TEXT = "shakedown ".repeat(2_000);
export const LARGE = Buffer.alloc(5_000_000, "0123456789");

/** A real nginx on free ports of 127.0.0.1, with its files in a temporary folder. */
export async function startNginx(file: string): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), "shakedown-nginx-"));
  const [plain, secure, multiplexed] = [await freePort(), await freePort(), await freePort()];
  const { cert, key } = selfSignedCertificate(["localhost", "127.0.0.1"]);
  const at = (name: string, content: string | Buffer): void =>
    writeFileSync(join(folder, name), content);
  mkdirSync(join(folder, "www"));
  at("cert.pem", cert);
  at("key.pem", key);
  at("www/text.txt", TEXT);
  at("www/large.bin", LARGE);
  at("nginx.conf", configOf(folder, plain, secure, multiplexed));
  // It refuses a configuration that it cannot read, and says why.
  execFileSync(file, ["-t", "-q", "-p", folder, "-c", "nginx.conf"], { stdio: "pipe" });
  const child = spawn(file, ["-p", folder, "-c", "nginx.conf"], { stdio: "ignore" });
  const target = (port: number, tls: boolean, http2: boolean): TransportTarget => ({
    origin: `${tls ? "https" : "http"}://127.0.0.1:${port}`,
    address: "127.0.0.1",
    tls: tls ? { ca: cert, insecure: false } : null,
    http2,
  });
  try {
    await answering(multiplexed, child);
  } catch (thrown) {
    await end(child, folder);
    throw thrown;
  }
  return {
    http: target(plain, false, false),
    https: target(secure, true, false),
    http2: target(multiplexed, true, true),
    [Symbol.asyncDispose]: () => end(child, folder),
  };
}

async function end(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGTERM");
    await once(child, "exit");
  }
  rmSync(folder, { recursive: true, force: true });
}

/** Resolves when the port takes connections; nginx binds all of its ports at once. */
async function answering(port: number, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`);
    const socket = connect(port, "127.0.0.1");
    const isUp = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    socket.destroy();
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`nginx does not listen on ${port}`);
}

function configOf(folder: string, plain: number, secure: number, multiplexed: number): string {
  return `
daemon off;
master_process off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 256; }
http {
  access_log off;
  types { text/plain txt; }
  default_type application/octet-stream;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  keepalive_requests ${REQUESTS_A_CONNECTION};
  gzip on;
  gzip_types text/plain;
  ssl_certificate ${folder}/cert.pem;
  ssl_certificate_key ${folder}/key.pem;
  server {
    listen 127.0.0.1:${plain};
    listen 127.0.0.1:${secure} ssl;
    listen 127.0.0.1:${multiplexed} ssl http2;
    root ${folder}/www;
    location = /moved { return 301 /text.txt; }
    location = /post {
      client_max_body_size 100k;
      return 200 "taken";
    }
  }
}
`;
}
