import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { type LoopbackReply, loopbackTarget } from "../../src/testing/index.ts";

/** Sends bytes, and gives what came back when the other side has ended, or the error's code. */
async function talk(origin: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.write(bytes);
  try {
    await once(socket, "end");
  } catch (thrown) {
    return String((thrown as NodeJS.ErrnoException).code);
  }
  return Buffer.concat(chunks).toString("latin1");
}

const ask = (path: string, body = ""): string =>
  `POST ${path} HTTP/1.1\r\nhost: x\r\nX-Odd: 1\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

describe("a loopback target", () => {
  it("answers as it is told, and keeps what it saw", async () => {
    await using target = await loopbackTarget(async ({ path }) => ({
      kind: "answer",
      status: 201,
      headers: { "x-path": path },
      body: [Buffer.from("two "), Buffer.from("chunks")],
    }));
    const told = await talk(target.origin, ask("/here", "a body"));
    expect(told).toMatch(/^HTTP\/1\.1 201 Created\r\n[^]*x-path: \/here\r\n/);
    expect(told).toMatch(/^transfer-encoding: chunked\r$/im);
    expect(told).toContain("4\r\ntwo \r\n6\r\nchunks\r\n0\r\n\r\n");
    expect(target.seen).toHaveLength(1);
    expect(target.seen[0]).toMatchObject({ method: "POST", path: "/here" });
    expect(target.seen[0]?.rawHeaders).toContain("X-Odd");
    expect(target.seen[0]?.body.toString()).toBe("a body");
    expect(target.connections).toMatchObject({ accepted: 1, most: 1 });
  });

  it.each<[string, LoopbackReply, string]>([
    ["garbles", { kind: "raw", bytes: "no such thing", then: "end" }, "no such thing"],
    ["ends without a word", { kind: "raw", bytes: "", then: "end" }, ""],
    ["resets", { kind: "raw", bytes: "", then: "reset" }, "ECONNRESET"],
  ])("%s", async (_, reply, told) => {
    await using target = await loopbackTarget(() => reply);
    expect(await talk(target.origin, ask("/"))).toBe(told);
  });

  it("hangs until it is disposed of, which resets its connections", async () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    const target = await loopbackTarget(() => {
      resolve();
      return { kind: "hang" };
    });
    const talking = talk(target.origin, ask("/"));
    await asked;
    await target[Symbol.asyncDispose]();
    expect(await talking).toBe("ECONNRESET");
  });

  it("refuses, once told to", async () => {
    await using target = await loopbackTarget(() => ({ kind: "hang" }));
    await target.refuse();
    expect(await talk(target.origin, ask("/"))).toBe("ECONNREFUSED");
  });
});
