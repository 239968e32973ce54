import { describe, it } from "vitest";
import { wireTransport } from "../../../src/replay/index.ts";
import { transportContract } from "../../../src/testing/index.ts";

transportContract("wire", wireTransport, { describe, it });
