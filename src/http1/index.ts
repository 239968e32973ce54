/** What both ends of an HTTP/1.1 connection read the same way. */
export * as bytes from "./bytes.ts";
export { MessageHead } from "./message-head.ts";
export { MessageParser, ON, READ, type ReadResult } from "./message-parser.ts";
