import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { describe, expect, it } from "vitest";
import { always, BODY, dial, partsOf, requestText, stock, WAYS } from "./deliver-fixture.ts";

const MS = 1e6;
/** A hundred bytes take 50 ms. */
const transfer = { bytesPerSec: "2kB" };
const HALF = BODY.slice(0, 50);

/** Faults that send bytes of a body, how many of them, and how long these take at least. */
const SENT: readonly (readonly [object, string, number])[] = [
  [{ kind: "reset", when: "amid" }, HALF, 25],
  [{ kind: "reset", when: "after" }, BODY, 50],
  [{ kind: "truncated", share: 0.5 }, HALF, 25],
  [{ kind: "malformed-chunk" }, "this is no chunk\r\n", 9],
  [{ kind: "slow-headers", over: "20ms" }, BODY, 70],
  [{ kind: "slow-body", over: "80ms" }, BODY, 80],
  // The dependency's own pace is slower.
  [{ kind: "slow-body", over: "20ms" }, BODY, 50],
  [{ kind: "slow-close", after: "10ms" }, BODY, 50],
  [{ kind: "early-close" }, BODY, 50],
  [{ kind: "goaway" }, BODY, 50],
];
const NAMED = SENT.map(
  ([fault, body, ms]) => [JSON.stringify(fault), { fault, body, ms }] as const,
);

describe.each(WAYS)(
  "what a fault sends of a body comes at the transfer's pace, %s",
  (_way, tls) => {
    it.each(NAMED)("%s", async (_name, { body, fault, ms }) => {
      await using on = await stock({ ...always(fault), transfer, ...tls });
      const caller = await dial(on.urlOf("control"));
      caller.socket.write(requestText("/", "GET", "connection: close\r\n"));
      await caller.ended;
      expect(partsOf(caller.text()).body).toBe(body);
      const [call] = await on.calls();
      expect(call!.endNs - call!.arriveNs).toBeGreaterThanOrEqual(ms * MS);
    });

    it("garbage: all of it, at the pace that a body would have", async () => {
      const fault = { kind: "garbage", bytes: 100 };
      await using on = await stock({ ...always(fault), transfer, ...tls });
      const caller = await dial(on.urlOf("control"));
      caller.socket.write(requestText("/"));
      expect(await caller.ended).toBe("end");
      expect(caller.text()).toHaveLength(100);
      const [call] = await on.calls();
      expect(call!.endNs - call!.arriveNs).toBeGreaterThanOrEqual(50 * MS);
    });

    it("and no more once the caller has gone", async () => {
      const slowest = { bytesPerSec: "1B" };
      await using on = await stock({ ...always("early-close"), transfer: slowest, ...tls });
      const caller = await dial(on.urlOf("control"));
      caller.socket.write(requestText("/"));
      await once(caller.socket, "data");
      caller.socket.destroy();
      const aborted = async () => (await on.emulator.snapshot())["stock"]?.["control"]?.aborted;
      await expect.poll(aborted).toBe(1);
      expect(await on.calls()).toMatchObject([{ outcome: "aborted", status: 0 }]);
    });
  },
);

describe("over HTTP/2, what a fault sends of a body comes at the transfer's pace", () => {
  // What cannot be parsed has no bytes on a stream.
  const onStreams = NAMED.filter(([, { body }]) => body === HALF || body === BODY);

  it.each(onStreams)("%s", async (_name, { body, fault, ms }) => {
    await using on = await stock({ ...always(fault), transfer });
    const session = connectHttp2(on.urlOf("control"));
    session.on("error", () => {});
    const stream = session.request({ ":path": "/" });
    let text = "";
    stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
    stream.on("error", () => {});
    await new Promise((resolve) => void stream.once("close", resolve));
    session.destroy();
    expect(text).toBe(body);
    const [call] = await on.calls();
    expect(call!.endNs - call!.arriveNs).toBeGreaterThanOrEqual(ms * MS);
  });
});
