import { describe, it } from "vitest";
import { undiciTransport } from "../../src/replay/index.ts";
import { transportContract } from "../../src/testing/index.ts";

transportContract("undici", undiciTransport, { describe, it });
