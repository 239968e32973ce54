import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { z } from "zod";

/** The arrivals of a real and very bursty service, in nanoseconds: see fixtures/README.md. */
export function azureCodeOffsetsNs(): number[] {
  const packed = readFileSync(new URL("fixtures/azure-code.json.gz", import.meta.url));
  const gaps = z.array(z.int()).parse(JSON.parse(gunzipSync(packed).toString()));
  let at = 0;
  return gaps.map((gap) => (at += gap) * 100);
}
