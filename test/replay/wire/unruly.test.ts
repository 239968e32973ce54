import * as fc from "fast-check";
import { expect, it } from "vitest";
import { preparedRequest, TRANSPORT_LIMITS, wireTransport } from "../../../src/replay/index.ts";
import {
  type CollectedExchange,
  collectExchange,
  CollectingSink,
  type ExchangeStory,
  type RawRequest,
  rawTarget,
} from "../../../src/testing/index.ts";

type Act = (request: RawRequest) => void;

/** Turns of the loop in which something may be given up. */
const TURNS = 40;

/** What a target may do with a request. */
const ACTS = {
  answer: ({ socket }) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
  chunks: ({ socket }) =>
    socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
  pieces: ({ socket }) => {
    socket.write("HTTP/1.1 200 OK\r\ncontent-le");
    setImmediate(() => socket.write("ngth: 2\r\n\r\no"));
    setImmediate(() => setImmediate(() => socket.write("k")));
  },
  last: ({ socket }) => socket.end("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nok"),
  answerAndEnd: ({ socket }) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
  twice: ({ socket }) =>
    socket.write("HTTP/1.1 204 x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
  garbage: ({ socket }) => socket.write("\0\r\n"),
  half: ({ socket }) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no"),
  end: ({ socket }) => socket.end(),
  reset: ({ socket }) => socket.resetAndDestroy(),
  hang: () => {},
} satisfies Record<string, Act>;

const ANSWERS = new Set(["answer", "chunks", "pieces", "last", "answerAndEnd"]);
/** The sink's calls, as they may come. */
const ORDERS = new Set([
  "started,firstByte,ended",
  "started,firstByte,failed",
  "started,failed",
  "failed",
]);

const planned = fc.record({
  act: fc.constantFrom(...(Object.keys(ACTS) as (keyof typeof ACTS)[])),
  method: fc.constantFrom("GET", "POST"),
  session: fc.constantFrom(null, null, "a", "b", "c", "d"),
  giveUpAfter: fc.option(fc.nat(TURNS)),
});
type Planned = Parameters<Parameters<typeof planned.map>[0]>[0];

/*
 * Whatever a target does, and whatever is given up meanwhile: every exchange ends exactly once,
 * never with another's answer, the limit of connections holds, and sessions keep their order.
 */
it("wire: ends each exchange once, with its own answer, whatever the target does", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(planned, { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      async (plan, connectionsMax, keepConnections) => {
        const seen: number[] = [];
        await using target = await rawTarget((request) => {
          const at = Number(request.head.split(" ")[1]!.slice(1));
          seen.push(at);
          ACTS[plan[at]!.act](request);
        });
        const sink = new CollectingSink();
        const limits = { ...TRANSPORT_LIMITS, connectionsMax, keepConnections };
        const transport = wireTransport(target.target, limits, sink);
        const all = plan.map(({ method, session }, i) =>
          collectExchange({ transport, sink }, requestOf(method, i), { session }),
        );
        await giveUpSome(plan, all, (each) => transport.giveUp(each.exchange, "timeout"));
        const stories = await Promise.all(all.map(({ ended }) => ended));
        await transport.close();
        expect(all.map((each) => each.story())).toEqual(stories);
        expect(stories.filter(({ calls }) => !ORDERS.has(calls.join()))).toEqual([]);
        expect(stories.filter((story, i) => !isOwnEnd(story, plan[i]!))).toEqual([]);
        for (const name of keepConnections ? ["a", "b", "c", "d"] : []) {
          const own = seen.filter((at) => plan[at]!.session === name);
          expect(own).toEqual(own.toSorted((x, y) => x - y));
        }
      },
    ),
    { numRuns: 60 },
  );
});

function requestOf(method: string, at: number) {
  return preparedRequest({ method, path: `/${at}`, headers: ["host", "x"], body: null, route: 0 });
}

/** Gives up what is to be given up, and what hangs, in the loop's later turns. */
async function giveUpSome(
  plan: readonly Planned[],
  all: readonly CollectedExchange[],
  giveUp: (each: CollectedExchange) => void,
): Promise<void> {
  for (let turn = 0; turn <= TURNS; turn++) {
    for (const [i, { act, giveUpAfter }] of plan.entries()) {
      if ((giveUpAfter ?? (act === "hang" ? TURNS : null)) === turn) giveUp(all[i]!);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Whether an exchange ended as the target's act on it, or its being given up, has it. */
function isOwnEnd(
  { bytesIn, error }: ExchangeStory,
  { act, giveUpAfter, method }: Planned,
): boolean {
  if (error === "timeout") return giveUpAfter !== null || act === "hang";
  // A POST may meet the end of a connection whose last answer did not announce it.
  if (error === "reset" && method === "POST") return true;
  if (ANSWERS.has(act)) return bytesIn === 2;
  if (act === "twice") return bytesIn === 0;
  return error === (act === "garbage" ? "protocol" : "reset");
}
