import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { createDeadlines, keyedDraw, monotonicClock } from "../../src/core/index.ts";
import {
  type TcpConnectionRecord,
  type TcpContext,
  type TcpExchangeRecord,
} from "../../src/emulator/tcp/index.ts";

export interface TcpBed extends AsyncDisposable {
  readonly context: TcpContext;
  readonly records: TcpConnectionRecord[];
  readonly exchanges: TcpExchangeRecord[];
}

/** Real time, and a list of what became of each connection. */
export async function tcpBed(): Promise<TcpBed> {
  const clock = monotonicClock(process.hrtime.bigint());
  const deadlines = await createDeadlines(clock, "timer");
  const records: TcpConnectionRecord[] = [];
  const exchanges: TcpExchangeRecord[] = [];
  return {
    context: {
      clock,
      deadlines,
      draw: (...parts) => keyedDraw("seed", ...parts),
      onConnection: (record) => void records.push(record),
      onExchange: (record) => void exchanges.push(record),
    },
    records,
    exchanges,
    [Symbol.asyncDispose]: () => deadlines.close(),
  };
}

export interface EchoServer extends AsyncDisposable {
  readonly address: string;
}

/** Sends back what it gets; ends when the caller has. */
export async function echoServer(): Promise<EchoServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface Exchanged {
  readonly received: Buffer;
  /** The system's code where the connection broke; null where it ended. */
  readonly error: string | null;
}

/** Connects, sends, half-closes, and reads to the end. */
export async function exchange(address: string, bytes: Buffer): Promise<Exchanged> {
  const [host, port] = address.split(":");
  const socket = connect({ host: host!, port: Number(port), allowHalfOpen: true });
  const chunks: Buffer[] = [];
  const { promise, resolve } = Promise.withResolvers<string | null>();
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  socket.on("close", () => resolve(null));
  socket.end(bytes);
  const error = await promise;
  return { received: Buffer.concat(chunks), error };
}

/** Resolves once the port takes connections; gives up after a bounded number of tries. */
export async function answers(port: number, tries = 2_000): Promise<void> {
  for (let i = 0; i < tries; i++) {
    const socket = connect(port, "127.0.0.1");
    const up = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    socket.destroy();
    if (up) return;
    await new Promise((resolve) => void setTimeout(resolve, 5));
  }
  throw new Error(`nothing listens on port ${port}`);
}
