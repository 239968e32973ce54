/**
 * Node's own module of HTTP. An import statement would have each of its exports looked at, whereupon
 * it loads a client and websockets that nobody asked for: 50 ms of CPU, in each thread.
 */
export const nodeHttp = () => process.getBuiltinModule("node:http");
