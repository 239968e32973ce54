import { describe, expect, it } from "vitest";
import { preparedRequest } from "../../src/replay/index.ts";
import {
  CollectingSink,
  createVirtualTime,
  type ScriptedEnd,
  scriptedTransport,
} from "../../src/testing/index.ts";

const REQUEST = preparedRequest({ method: "GET", path: "/", headers: [], body: null, route: 0 });

function begin(script: (seq: number) => ScriptedEnd) {
  const time = createVirtualTime();
  const sink = new CollectingSink();
  const scripted = scriptedTransport({ time }, ({ seq }) => script(seq));
  const transport = scripted.make(sink);
  const send = (seq: number) => {
    const collected = sink.collect(REQUEST, { seq, traceparent: `t${seq}`, requestId: `r${seq}` });
    transport.send(collected.exchange);
    return collected;
  };
  return { time, scripted, transport, send };
}

describe("a scripted transport", () => {
  it("answers when the script says, and keeps what was sent", () => {
    const { time, scripted, send } = begin(() => ({ kind: "answer", afterNs: 50, bytesIn: 7 }));
    time.advanceTo(10);
    const sent = send(3);
    time.advanceTo(59);
    expect(sent.story().calls).toEqual(["started"]);
    expect(scripted.openCount).toBe(1);
    time.advanceTo(60);
    expect(sent.story()).toMatchObject({ calls: ["started", "firstByte", "ended"], bytesIn: 7 });
    expect(scripted).toMatchObject({
      openCount: 0,
      sent: [{ seq: 3, sentNs: 10, request: REQUEST, traceparent: "t3", requestId: "r3" }],
    });
  });

  it("waits for a connection, fails, and fails before `send` returns", () => {
    const { time, send } = begin((seq) =>
      seq === 0
        ? { kind: "fail", afterNs: 0, error: "refused" }
        : { kind: "fail", afterNs: 5, error: "reset", waitNs: 20 },
    );
    expect(send(0).story()).toMatchObject({ calls: ["failed"], error: "refused" });
    const waiting = send(1);
    time.advanceTo(19);
    expect(waiting.story().calls).toEqual([]);
    time.advanceTo(24);
    expect(waiting.story().calls).toEqual(["started"]);
    time.advanceTo(25);
    expect(waiting.story()).toMatchObject({ calls: ["started", "failed"], error: "reset" });
  });

  it("keeps what was planned for an exchange from its later uses", () => {
    const { time, transport, send } = begin(() => ({ kind: "answer", afterNs: 50 }));
    const sent = send(0);
    transport.giveUp(sent.exchange, "timeout");
    transport.giveUp(sent.exchange, "timeout");
    time.advanceTo(30);
    transport.send(sent.exchange);
    time.advanceTo(79);
    expect(sent.story().calls).toEqual(["started", "failed", "started"]);
    time.advanceTo(80);
    expect(sent.story().calls.slice(3)).toEqual(["firstByte", "ended"]);
  });

  it("cancels what is under way when it is closed", async () => {
    const { scripted, transport, send } = begin(() => ({ kind: "hang" }));
    const sent = [send(0), send(1)];
    await transport.close();
    expect(sent.map((each) => each.story().error)).toEqual(["cancelled", "cancelled"]);
    expect(scripted.openCount).toBe(0);
  });
});
