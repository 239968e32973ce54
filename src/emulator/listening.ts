import type { AddressInfo, Server } from "node:net";
import { messageOf, ShakedownError, systemCodeOf } from "../core/index.ts";
import type { HostPort } from "./address.ts";

/** A surge of new connections is the target's to survive, not ours to drop. */
const BACKLOG = 4_096;

/** Resolves to where a server listens (port 0: any free one); rejects with the system's error. */
export function listening(server: Server, at: HostPort): Promise<HostPort> {
  const { promise, reject, resolve } = Promise.withResolvers<HostPort>();
  server.once("error", reject);
  server.listen({ ...at, backlog: BACKLOG }, () => {
    server.off("error", reject);
    const { address, port } = server.address() as AddressInfo;
    resolve({ host: address, port });
  });
  return promise;
}

/** What is said when something of ours cannot listen. `whose` begins the message. */
export function cannotListen(whose: string, { host, port }: HostPort, cause: unknown) {
  const taken = systemCodeOf(cause) === "EADDRINUSE";
  const message = taken
    ? `${whose}: port ${port} on ${host} is taken`
    : `${whose}: cannot listen on ${host}:${port}: ${messageOf(cause)}`;
  return new ShakedownError(taken ? "PORT_IN_USE" : "USAGE", message, {
    hint: "end what listens there, name another port, or name none (0) to get a free one",
    cause,
  });
}

/** @throws PORT_IN_USE, USAGE when it cannot listen there */
export async function listenAs(whose: string, server: Server, at: HostPort): Promise<HostPort> {
  try {
    return await listening(server, at);
  } catch (cause) {
    throw cannotListen(whose, at, cause);
  }
}
