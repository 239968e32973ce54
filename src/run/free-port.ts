import { randomInt } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";

const FROM = 20_000;
/** Where a system begins that does not say so. */
const OUTGOING_FROM = 32_768;
const TRIES = 100;

/** The first of the ports that the system gives to outgoing connections and to listeners of port 0. */
function outgoingFrom(): number {
  try {
    const text = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8");
    return Math.min(Number(/\d+/.exec(text)?.[0] ?? OUTGOING_FROM), OUTGOING_FROM);
  } catch {
    return OUTGOING_FROM;
  }
}

/** The port if nobody listens there on 127.0.0.1, else null; of 0 one that the system chooses. */
export async function portIfFree(port: number): Promise<number | null> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    const { port: found } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    return found;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EADDRINUSE") return null;
    throw cause;
  }
}

/**
 * A port of 127.0.0.1 for a program that has to be told one, and takes a while until it listens. It is
 * none of those that the system gives to whoever asks for any meanwhile, unless there are no others.
 */
export async function freePort(): Promise<number> {
  const span = outgoingFrom() - FROM;
  for (let tries = 0; tries < TRIES && span > 0; tries++) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other, until one is free
    const port = await portIfFree(FROM + randomInt(span));
    if (port !== null) return port;
  }
  return (await portIfFree(0))!;
}
