/** Limits of well-known APIs, as a scenario names them: `limit: { preset: stripe }`. */
import { z } from "zod";
import type { LimitPolicy } from "../policy.ts";
import { anthropicFields, anthropicPolicy } from "./anthropic.ts";
import { awsFields, awsPolicy } from "./aws.ts";
import { githubFields, githubPolicy } from "./github.ts";
import { openaiFields, openaiPolicy } from "./openai.ts";
import {
  shopifyGraphqlFields,
  shopifyGraphqlPolicy,
  shopifyRestFields,
  shopifyRestPolicy,
} from "./shopify.ts";
import { stripeFields, stripePolicy } from "./stripe.ts";
import { twilioFields, twilioPolicy } from "./twilio.ts";

/** A new one is its file, a line here and one below. */
export const presetSchema = z.discriminatedUnion("preset", [
  z.strictObject(githubFields),
  z.strictObject(stripeFields),
  z.strictObject(shopifyRestFields),
  z.strictObject(shopifyGraphqlFields),
  z.strictObject(twilioFields),
  z.strictObject(openaiFields),
  z.strictObject(anthropicFields),
  z.strictObject(awsFields),
]);
export type PresetSpec = z.output<typeof presetSchema>;

export function presetPolicy(spec: PresetSpec): LimitPolicy {
  switch (spec.preset) {
    case "github":
      return githubPolicy(spec);
    case "stripe":
      return stripePolicy(spec);
    case "shopify-rest":
      return shopifyRestPolicy(spec);
    case "shopify-graphql":
      return shopifyGraphqlPolicy(spec);
    case "twilio":
      return twilioPolicy(spec);
    case "openai":
      return openaiPolicy(spec);
    case "anthropic":
      return anthropicPolicy(spec);
    case "aws":
      return awsPolicy(spec);
  }
}
