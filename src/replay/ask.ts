import type { Socket } from "node:net";
import { undici } from "./transports/undici/library.ts";
import { socketOpener } from "./transports/undici/open-socket.ts";
import type { TransportTarget } from "./transports/transport.ts";

/** What is asked of a target once, beside the traffic. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/**
 * Who asks a target for something, over a connection of its own that nobody counts as traffic, and waits
 * for the whole answer: its status. It rejects with the signal's reason, or with what keeps an answer from
 * coming. All that takes a while, such as reading certificates, is done here.
 * @throws USAGE when a certificate or a key is not one
 */
export function askerOf(
  target: TransportTarget,
): (asked: Asked, signal: AbortSignal) => Promise<number> {
  const open = socketOpener(target);
  const { Client } = undici();
  return async ({ body, ...asked }, signal) => {
    const opened: Socket[] = [];
    const client = new Client(target.origin, {
      connect: (_, done) => {
        const socket = open((error, up) => {
          if (up === null) done(error ?? new Error("no connection"), null);
          else done(null, up);
        });
        opened.push(socket);
      },
    });
    try {
      const options = { ...asked, method: asked.method as "POST", body: body ?? null, signal };
      const answer = await client.request(options);
      await answer.body.dump({ limit: ANSWER_BYTES_MAX });
      return answer.statusCode;
    } finally {
      for (const socket of opened) socket.destroy();
      await client.destroy();
    }
  };
}

/** An answer of more is not waited for to its end. */
const ANSWER_BYTES_MAX = 10e6;
