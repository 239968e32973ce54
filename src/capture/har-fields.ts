import { z } from "zod";

/*
 * HAR is twelve years old and written by everything; nearly every field is missing or of another
 * type somewhere. Each field is therefore read alone: what does not fit counts as not there.
 */

const text = z.string().optional().catch(undefined);
const number = z.number().finite().optional().catch(undefined);
const namedValue = z.object({ name: z.string(), value: z.coerce.string() });

function listOf<Item extends z.ZodType>(item: Item) {
  return z
    .array(item.nullable().catch(null))
    .catch([])
    .transform((list) => list.filter((entry) => entry !== null));
}

const timings = z
  .object({
    blocked: number,
    dns: number,
    connect: number,
    send: number,
    wait: number,
    receive: number,
  })
  .catch({});

const postData = z
  .object({
    mimeType: text,
    text,
    encoding: text,
    params: listOf(z.object({ name: z.string(), value: text, fileName: text })),
  })
  .optional()
  .catch(undefined);

const request = z
  .object({
    method: text,
    url: text,
    headers: listOf(namedValue),
    cookies: listOf(namedValue),
    postData,
    bodySize: number,
  })
  .optional()
  .catch(undefined);

const response = z
  .object({
    status: number,
    bodySize: number,
    content: z.object({ size: number, compression: number }).catch({}),
    _error: text,
  })
  .catch({ content: {} });

/** One HAR entry, as far as a capture needs it. */
export const harEntrySchema = z.object({
  startedDateTime: text,
  time: number,
  request,
  response,
  timings,
  connection: z
    .union([z.string(), z.number().transform(String)])
    .optional()
    .catch(undefined),
  _fromCache: z.unknown().optional(),
});
export type HarEntry = z.output<typeof harEntrySchema>;
export type HarRequest = NonNullable<HarEntry["request"]>;
