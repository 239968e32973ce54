import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createLimiter, limitSchema } from "../../src/emulator/index.ts";
import type { Admitted, Limited } from "../../src/emulator/model.ts";
import { asked } from "./asked.ts";

/*
 * What each vendor's preset says to a call that is admitted and to one that is over the limit, at a
 * fixed time, byte for byte: test/fixtures/limits/<preset>.http.
 */
const WALL_MS = Date.UTC(2026, 0, 1, 12);
const ENVIRONMENT = { wallMsAt: (nowNs: number) => WALL_MS + nowNs / 1e6 };
const FOLDER = join(import.meta.dirname, "../fixtures/limits");

const spoken = (admission: Admitted | Limited): string => {
  const status = admission.kind === "admitted" ? "admitted" : String(admission.status);
  const headers = Object.entries(admission.headers).map(
    ([name, value]) => `${name}: ${String(value)}`,
  );
  const body = admission.kind === "limited" ? (admission.body ?? "") : "";
  return [status, ...headers, "", body].join("\n");
};

/** As little as a limit can be set to, and a call that is the second of its kind. */
const PRESETS: Readonly<Record<string, readonly [object, object?]>> = {
  github: [{ preset: "github", perHour: 1 }],
  "github-secondary": [{ preset: "github", pointsPerMinute: 5 }, { method: "POST" }],
  stripe: [{ preset: "stripe", rate: "1/s" }],
  "stripe-concurrency": [{ preset: "stripe", concurrent: 1 }],
  "shopify-rest": [{ preset: "shopify-rest", size: 1 }],
  "shopify-graphql": [{ preset: "shopify-graphql", points: 10 }],
  twilio: [{ preset: "twilio", concurrent: 1 }],
  openai: [{ preset: "openai", requestsPerMinute: 1 }],
  "openai-tokens": [{ preset: "openai", tokensPerMinute: 600 }, { requestBytes: 2_000 }],
  anthropic: [{ preset: "anthropic", requestsPerMinute: 1 }],
  aws: [{ preset: "aws", burst: 1 }],
  "aws-dynamodb": [{ preset: "aws", service: "dynamodb", burst: 1 }],
  "aws-s3": [{ preset: "aws", service: "s3", burst: 1 }],
  "aws-lambda": [{ preset: "aws", service: "lambda", burst: 1 }],
  "aws-ec2": [{ preset: "aws", service: "ec2", burst: 1 }],
};

describe("the presets", () => {
  it.each(Object.entries(PRESETS))("%s says what it is known to say", (name, [written, call]) => {
    const limiter = createLimiter(limitSchema.parse(written), ENVIRONMENT);
    const [first, second] = [0, 1e6].map((nowNs) => limiter.admit(asked(call), nowNs));
    expect([first?.kind, second?.kind]).toEqual(["admitted", "limited"]);
    const said = `${spoken(first!)}\n---\n${spoken(second!)}\n`;
    expect(said).toBe(readFileSync(join(FOLDER, `${name}.http`), "utf8"));
  });

  it("what writes costs GitHub's secondary limit five times what reads does", () => {
    const admitted = (method: string): number => {
      const spec = limitSchema.parse({ preset: "github", pointsPerMinute: 20 });
      const limiter = createLimiter(spec, ENVIRONMENT);
      const all = Array.from({ length: 30 }, (_, i) => limiter.admit(asked({ method }), i));
      return all.filter(({ kind }) => kind === "admitted").length;
    };
    expect([admitted("GET"), admitted("POST")]).toEqual([20, 4]);
  });
});
