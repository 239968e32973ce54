import type { IncomingMessage } from "node:http";
import { z } from "zod";

/** What may be asked of a run through its page. */
export const askSchema = z.strictObject({
  ask: z.enum(["pause", "go-on", "stop-after-stage", "stop", "roll-back"]),
  reason: z.string().max(500).default(""),
  by: z.string().min(1).max(80).optional(),
});
export type Asked = z.output<typeof askSchema>;

/** Does it: null, or why it is not done. */
export type Steer = (asked: Asked) => Promise<string | null> | string | null;

const BODY_BYTES_MAX = 8_192;

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const refused = (status: number, error: string): Answer => ({ status, body: { error } });

async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Answers a POST; JSON alone is taken, which no form of another page can send. */
export async function answerAsk(request: IncomingMessage, steer: Steer): Promise<Answer> {
  const type = request.headers["content-type"] ?? "";
  if (!/^application\/json\b/i.test(type)) return refused(415, "it takes application/json");
  const text = await bodyOf(request);
  if (text === null) return refused(413, "the body is over 8 KB");
  const asked = askSchema.safeParse(parsed(text));
  if (!asked.success) return refused(400, z.prettifyError(asked.error));
  const why = await steer(asked.data);
  return why === null ? { status: 200, body: { done: asked.data.ask } } : refused(409, why);
}
