import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { systemCodeOf } from "../../src/core/index.ts";
import { type DependencySpec, dependencySchema, startEmulator } from "../../src/emulator/index.ts";
import { selfSignedCertificate } from "../../src/testing/index.ts";
import { type Bed, bed } from "./emulator-fixture.ts";

export const CERTIFICATE = selfSignedCertificate(["127.0.0.1", "localhost"]);
export const BODY = "0123456789".repeat(10);
export const WAYS = [
  ["clear", {}],
  ["over TLS", { tls: CERTIFICATE }],
] as const;

const written = (told: Readonly<Record<string, unknown>>) => ({
  latency: { kind: "constant", value: "0ms" },
  response: { body: BODY },
  ...told,
});

/** A dependency that answers `BODY` at once, but for what is told. */
export const dependencyOf = (told: Readonly<Record<string, unknown>>): DependencySpec =>
  dependencySchema.parse(written(told));

/** Such a dependency, served in this thread. */
export const stock = (told: Readonly<Record<string, unknown>> = {}): Promise<Bed> =>
  bed(startEmulator, written(told));

/** Every call has this fault. */
export const always = (fault: unknown) => ({ errors: { ratio: 1, fault } });

export const requestText = (path: string, method = "GET", more = ""): string =>
  `${method} ${path} HTTP/1.1\r\nhost: a\r\n${more}\r\n`;

/** A caller's raw connection, and all that came over it. */
export interface Caller {
  readonly socket: Socket;
  text(): string;
  /** How it ended: `end`, or the error's code. */
  readonly ended: Promise<string>;
}

export async function dial(url: string): Promise<Caller> {
  const { hostname: host, port, protocol } = new URL(url);
  const at = { host, port: Number(port) };
  const secure = protocol === "https:";
  const socket = secure ? connectTls({ ...at, ca: CERTIFICATE.cert }) : connect(at);
  await once(socket, secure ? "secureConnect" : "connect");
  let text = "";
  let failure = "end";
  socket.on("data", (chunk) => (text += chunk.toString("latin1")));
  socket.on("error", (cause) => (failure = systemCodeOf(cause) ?? cause.message));
  const ended = new Promise<string>((resolve) => {
    socket.once("close", () => resolve(failure));
  });
  return { socket, text: () => text, ended };
}

/** The parts of an answer on the wire. */
export function partsOf(text: string): { readonly status: string; readonly body: string } {
  const [head = "", ...rest] = text.split("\r\n\r\n");
  return { status: head.split("\r\n")[0] ?? "", body: rest.join("\r\n\r\n") };
}
