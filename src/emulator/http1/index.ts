/** Our own server of HTTP/1.1: lean, since calls by the ten thousand wait in it. */
export { statusLine } from "./answer-text.ts";
export type { Http1Request } from "./request.ts";
export { Http1Response } from "./response.ts";
export { Http1Server } from "./server.ts";
