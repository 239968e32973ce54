import { once } from "node:events";
import { startThread } from "../../core/index.ts";

/** A server of our own, in a thread of this process, that answers whatever it is asked at once. */
export interface AnsweringTarget extends AsyncDisposable {
  /** On loopback, over HTTP/1.1. */
  readonly origin: string;
}

export async function startAnsweringTarget(): Promise<AnsweringTarget> {
  const thread = startThread("answering-target-thread", import.meta.url);
  const end = async (): Promise<void> => {
    await thread.terminate();
  };
  try {
    const [port] = (await once(thread, "message")) as [number];
    return { origin: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: end };
  } catch (thrown) {
    await end();
    throw thrown;
  }
}
