import { parentPort, workerData } from "node:worker_threads";
import { plainError, standBack } from "../../core/index.ts";
import { Door } from "./door.ts";
import { exchangesOf } from "./exchange-batch.ts";
import { Recording } from "./recording.ts";
import { Sink } from "./sink.ts";
import type { FromSink, SinkData, ToSink } from "./sink-worker.ts";

/*
 * Redaction and writing, in a thread of their own: looking at a body takes longer than passing it
 * on, and what passes must not wait for it.
 */
const { epochNs, key, name, out, places, redact, requestsMax } = workerData as SinkData;
const say = (message: FromSink): void => parentPort!.postMessage(message);

function close(recording: Recording, sink: Sink, door: Door): void {
  recording.close();
  say({ kind: "closed", counts: sink.counts, replaced: door.counts });
  parentPort!.close();
}

function main(): void {
  standBack();
  const recording = Recording.create(out);
  recording.note({ kind: "recorder", name, redacted: redact });
  recording.flush();
  const door = new Door(redact ? Buffer.from(key) : null);
  const onEnough = (): void => say({ kind: "enough" });
  const sink = new Sink({ recording, door, epochNs, requestsMax, onEnough });
  void recording.failed.then((error) => fail(error));
  parentPort!.on("message", (message: ToSink) => {
    if (message.kind === "close") {
      orFail(() => close(recording, sink, door));
      return;
    }
    for (const [place, exchange] of exchangesOf(message.batch)) sink.take(places[place]!, exchange);
    recording.flush();
    say({ kind: "taken", count: message.batch.count });
  });
  say({ kind: "ready" });
}

const fail = (thrown: unknown): void =>
  say({ kind: "failed", error: plainError(thrown, "INTERNAL") });

function orFail(work: () => void): void {
  try {
    work();
  } catch (thrown) {
    fail(thrown);
  }
}

orFail(main);
