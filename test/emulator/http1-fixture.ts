import { once } from "node:events";
import { createServer as createHttp, type IncomingHttpHeaders } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import * as fc from "fast-check";
import {
  type Http1Request,
  type Http1Response,
  Http1Server,
} from "../../src/emulator/http1/index.ts";

export const OPTIONS = { requestTimeoutMs: 60_000, bodyBytesMax: 1_000_000 };

/** A request as a server sees it, once it is whole. */
export interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: unknown;
  readonly body: string;
}

/** What a connection came to: the requests that were seen, and whether one was refused. */
export interface Outcome {
  readonly seen: readonly Seen[];
  readonly refused: boolean;
}

/** A port, and how what comes over a connection to it is told apart. */
export class Door implements AsyncDisposable {
  readonly port: number;
  readonly #server: ReturnType<typeof createServer>;
  readonly #sockets = new Set<Socket>();

  private constructor(server: ReturnType<typeof createServer>, sockets: Set<Socket>) {
    this.#server = server;
    this.#sockets = sockets;
    this.port = (server.address() as AddressInfo).port;
  }

  static async open(take: (socket: Socket) => void): Promise<Door> {
    const sockets = new Set<Socket>();
    const server = createServer({ noDelay: true }, (socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      take(socket);
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    return new Door(server, sockets);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => void this.#server.close(resolve));
  }
}

/** Our server on a port. */
export async function ourDoor(
  heard: (request: Http1Request, response: Http1Response) => void,
  options = OPTIONS,
): Promise<Door & AsyncDisposable> {
  const server = new Http1Server(options);
  const door = await Door.open((socket) => server.serve(socket, Buffer.alloc(0), heard));
  const dispose = door[Symbol.asyncDispose].bind(door);
  return Object.assign(door, {
    [Symbol.asyncDispose]: async () => {
      server.close();
      await dispose();
    },
  });
}

/** A server that notes what it sees of one connection at a time, and what the caller is answered. */
export interface Witness extends AsyncDisposable {
  outcome(pieces: readonly Buffer[]): Promise<Outcome>;
}

class Noted implements Witness {
  seen: Seen[] = [];
  refused = false;
  door: Door | null = null;

  async outcome(pieces: readonly Buffer[]): Promise<Outcome> {
    this.seen = [];
    this.refused = false;
    const answered = await exchange(this.door!.port, pieces);
    return { seen: this.seen, refused: this.refused || /^HTTP\/1.1 4/m.test(answered) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.door![Symbol.asyncDispose]();
  }
}

const plain = (headers: IncomingHttpHeaders | Http1Request["headers"]): unknown => ({ ...headers });

export async function ourWitness(): Promise<Witness> {
  const noted = new Noted();
  noted.door = await ourDoor((request, response) => {
    const { headers, method, url } = request;
    request.read((body) => {
      noted.seen.push({ method, url, headers: plain(headers), body: String(body) });
      response.whole({ status: 200, headers: {}, body: "\n" }, { onEnd() {}, onFirstByte() {} });
    });
  });
  return noted;
}

/** What Node minds and we pass over: a request that ends in the middle, and bytes after the last one. */
const NO_REFUSAL = new Set(["HPE_INVALID_EOF_STATE", "HPE_CLOSED_CONNECTION"]);

/** Node's own server, with the same limits. */
export async function nodeWitness(): Promise<Witness> {
  const noted = new Noted();
  const server = createHttp({ maxHeaderSize: 65_536, requestTimeout: 60_000 });
  server.on("request", (request, response) => {
    const { headers, method, url } = request;
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = String(Buffer.concat(chunks));
      noted.seen.push({ method, url, headers: plain(headers), body });
      response.writeHead(200, { "content-length": 1 }).end("\n");
    });
  });
  server.on("clientError", (error, socket) => {
    noted.refused ||= !NO_REFUSAL.has((error as NodeJS.ErrnoException).code ?? "");
    socket.destroy();
  });
  noted.door = await Door.open((socket) => server.emit("connection", socket));
  return noted;
}

/** Sends the pieces, each by itself, says that nothing follows, and tells all that came. */
export async function exchange(port: number, pieces: readonly Buffer[]): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  socket.on("error", () => {});
  const closed = new Promise((resolve) => void socket.once("close", resolve));
  await once(socket, "connect");
  for (const piece of pieces) {
    socket.write(piece);
    await turn();
  }
  socket.end();
  await closed;
  return text;
}

/** One of these characters. */
export const among = (characters: string): fc.Arbitrary<string> =>
  fc.constantFrom(...characters.split(""));
