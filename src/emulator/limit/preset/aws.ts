import { z } from "zod";
import { ratePerSecField } from "../../../core/fields/index.ts";
import type { LimitPolicy, Refusal } from "../policy.ts";
import { vendorRule } from "./fields.ts";

/**
 * AWS: a token bucket for each account and API, which nothing tells of; how a limited call is
 * answered depends on the `service`: `json` (most that speak AWS JSON: 400 ThrottlingException),
 * `dynamodb` (400 ProvisionedThroughputExceededException), `s3` (503 SlowDown, XML), `lambda` (429
 * TooManyRequestsException), `ec2` (503 RequestLimitExceeded, XML).
 * Sources: docs.aws.amazon.com, of each service's API reference "Common errors" (status and code),
 * of Lambda "Invoke" (`TooManyRequestsException` and its reasons), of S3 "Error responses" and of EC2
 * "Error codes" (the XML).
 */
export const awsFields = {
  preset: z.literal("aws"),
  service: z.enum(["json", "dynamodb", "s3", "lambda", "ec2"]).default("json"),
  rate: ratePerSecField().prefault("100/s"),
  burst: z.number().int().min(1).default(200),
};

type Service = "json" | "dynamodb" | "s3" | "lambda" | "ec2";
type Said = Pick<Refusal, "status" | "headers" | "body">;

const json = (type: string, message: string, version: string): Said => ({
  status: 400,
  headers: { "content-type": `application/x-amz-json-${version}`, "x-amzn-ErrorType": type },
  body: JSON.stringify({ __type: type, message }),
});

/** As every error in XML has one; nothing is looked up by it here. */
const REQUEST_ID = "00000000-0000-4000-8000-000000000000";
const XML = '<?xml version="1.0" encoding="UTF-8"?>\n';

const SAID: Readonly<Record<Service, Said>> = {
  json: json("ThrottlingException", "Rate exceeded", "1.1"),
  dynamodb: json(
    "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
    "The level of configured provisioned throughput for the table was exceeded. " +
      "Consider increasing your provisioning level with the UpdateTable API.",
    "1.0",
  ),
  s3: {
    status: 503,
    headers: { "content-type": "application/xml" },
    body:
      `${XML}<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message>` +
      `<RequestId>${REQUEST_ID}</RequestId></Error>`,
  },
  lambda: {
    status: 429,
    headers: { "content-type": "application/json", "x-amzn-ErrorType": "TooManyRequestsException" },
    body: JSON.stringify({
      Reason: "FunctionInvocationRateLimitExceeded",
      Type: "User",
      message: "Rate Exceeded.",
    }),
  },
  ec2: {
    status: 503,
    headers: { "content-type": "text/xml;charset=UTF-8" },
    body:
      `${XML}<Response><Errors><Error><Code>RequestLimitExceeded</Code>` +
      "<Message>Request limit exceeded.</Message></Error></Errors>" +
      `<RequestID>${REQUEST_ID}</RequestID></Response>`,
  },
};

export function awsPolicy(spec: { service: Service; rate: number; burst: number }): LimitPolicy {
  const { burst, rate, service } = spec;
  return {
    rules: [vendorRule("account", { kind: "token-bucket", rate, burst })],
    admitted: () => ({}),
    limited: () => ({ ...SAID[service], toldNs: 0 }),
  };
}
