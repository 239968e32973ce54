import { describe, it } from "vitest";
import { undiciTransport } from "../../src/replay/index.ts";
import { transportContract } from "../../src/testing/index.ts";

for (const secure of [false, true]) {
  for (const http2 of [false, true]) {
    transportContract("undici", undiciTransport, { describe, it }, { secure, http2 });
  }
}
