/*
 * A target as teams write them: OpenTelemetry's own SDK, which finds its exporter by the
 * environment alone. Run as a process: `node peer.ts <traceparent>`.
 */
import { context, metrics, propagation, SpanKind, trace } from "@opentelemetry/api";
import { NodeSDK } from "@opentelemetry/sdk-node";

const sdk = new NodeSDK({ autoDetectResources: false, serviceName: "cart" });
sdk.start();

const meter = metrics.getMeter("pool");
const pool = { "db.client.connection.pool.name": "payments" };
meter
  .createUpDownCounter("db.client.connection.count")
  .add(4, { ...pool, "db.client.connection.state": "used" });
meter.createUpDownCounter("db.client.connection.max").add(4, pool);
meter.createUpDownCounter("db.client.connection.pending_requests").add(9, pool);
meter.createCounter("db.client.connection.timeouts").add(3, pool);
const waits = meter.createHistogram("db.client.connection.wait_time", { unit: "s" });
for (let times = 0; times < 10; times++) waits.record(0.18, pool);

const traceparent = process.argv[2];
const parent = propagation.extract(context.active(), { traceparent });
const tracer = trace.getTracer("http");
const server = tracer.startSpan("GET /cart", { kind: SpanKind.SERVER }, parent);
const attributes = {
  "server.address": "127.0.0.1",
  "server.port": Number(process.env["PAYMENTS_PORT"]),
  "http.response.status_code": 503,
  "http.request.resend_count": 2,
};
const below = trace.setSpan(parent, server);
tracer.startSpan("POST", { kind: SpanKind.CLIENT, attributes }, below).end();
tracer.startSpan("render", { kind: SpanKind.INTERNAL }, below).end();
server.end();
await sdk.shutdown();
