import type { MakeTransport } from "../replay/index.ts";
import type { Suite } from "./suite.ts";
import { answers } from "./transport-contract/answers.ts";
import { bedMaker, type TransportKind } from "./transport-contract/bed.ts";
import { connections, reuse } from "./transport-contract/connections.ts";
import { failures } from "./transport-contract/failures.ts";
import { givingUp } from "./transport-contract/giving-up.ts";
import { content, limits } from "./transport-contract/limits.ts";
import { rawAnswers } from "./transport-contract/raw-answers.ts";
import { requests } from "./transport-contract/requests.ts";
import { sessions } from "./transport-contract/sessions.ts";
import { tls } from "./transport-contract/tls.ts";

export type { TransportKind } from "./transport-contract/bed.ts";

/**
 * What every transport keeps to, over real sockets on 127.0.0.1: HTTP/1.1 over plain TCP unless
 * the kind says otherwise. Kinds over TLS need the `openssl` command.
 */
export function transportContract(
  name: string,
  make: MakeTransport,
  suite: Suite,
  kind: TransportKind = {},
): void {
  const { http2 = false, secure = false } = kind;
  const spoken = `${http2 ? "HTTP/2" : "HTTP/1.1"}${secure ? " over TLS" : ""}`;
  const setup = bedMaker(make, kind);
  suite.describe(`transport ${name}, ${spoken}`, () => {
    answers(setup, suite);
    requests(setup, suite, http2);
    failures(setup, suite, http2);
    givingUp(setup, suite, http2);
    limits(setup, suite);
    content(setup, suite);
    connections(setup, suite, http2);
    reuse(setup, suite);
    sessions(setup, suite);
    if (!http2) rawAnswers(make, secure, suite);
    if (secure) tls(make, http2, suite);
  });
}
