/** What captured traffic is: its records, its file, its routes, and a summary of it. */
export * from "./describe.ts";
export * from "./read.ts";
export * from "./record.ts";
export * from "./routes.ts";
export * from "./write.ts";
