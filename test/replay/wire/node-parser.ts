import { request as httpRequest } from "node:http";
import { Duplex } from "node:stream";

export interface NodeVerdict {
  readonly outcome: "whole" | "protocol" | "unfinished";
  readonly status: number | null;
  readonly headers: readonly string[] | null;
  readonly body: string | null;
}

/** What Node's own HTTP client makes of these bytes, and the end after them: llhttp, strict. */
export function nodeParses(bytes: Buffer, head: boolean): Promise<NodeVerdict> {
  const socket = new Duplex({
    read() {},
    write(_chunk, _encoding, done) {
      done();
    },
    final(done) {
      done();
    },
  });
  return new Promise((resolve) => {
    const failed = (error: Error): void => {
      const code = String((error as NodeJS.ErrnoException).code);
      const outcome = code.startsWith("HPE_") ? "protocol" : "unfinished";
      socket.destroy();
      resolve({ outcome, status: null, headers: null, body: null });
    };
    const request = httpRequest({
      method: head ? "HEAD" : "GET",
      createConnection: () => socket,
      maxHeaderSize: 65_536,
    });
    request.on("error", failed);
    request.on("upgrade", () => failed(Object.assign(new Error("upgrade"), { code: "HPE_101" })));
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", failed);
      response.on("end", () => {
        const { rawHeaders: headers, statusCode: status = 0 } = response;
        const body = Buffer.concat(chunks).toString("latin1");
        resolve({ outcome: "whole", status, headers, body });
        socket.destroy();
      });
    });
    request.end(() => {
      socket.push(bytes);
      socket.push(null);
    });
  });
}
