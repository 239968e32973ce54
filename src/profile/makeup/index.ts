/** What traffic is made of: one pass over its records, in memory that is bounded or says so. */
export {
  type HeaderName,
  type Makeup,
  makeupSchema,
  type QuantileSummary,
  type RouteMakeup,
  type SessionMakeup,
  type Share,
} from "./schema.ts";
