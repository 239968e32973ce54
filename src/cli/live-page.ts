import { RunControls, type RunEvent } from "../run/index.ts";
import { announce, startLiveServer, withdraw } from "../web/index.ts";
import { TOOL } from "./live-flags.ts";

/** The page of a run that goes on in this process. */
export interface LivePage extends AsyncDisposable {
  readonly address: string;
  readonly controls: RunControls;
  hear(event: RunEvent): void;
}

/** @throws PORT_IN_USE, USAGE when it cannot listen */
export async function startLivePage(port: number): Promise<LivePage> {
  const controls = new RunControls();
  let directory: string | null = null;
  let over = false;
  const server = await startLiveServer({
    port,
    tool: TOOL,
    steer: ({ ask, by, reason }) =>
      controls.ask({ ask, reason, ...(by === undefined ? {} : { by }) }),
    steerable: () => directory !== null && !over,
  });
  const leave = (): void => {
    if (directory !== null) withdraw(directory);
    over = true;
  };
  return {
    address: server.address,
    controls,
    hear(event) {
      if (event.kind === "opened") {
        ({ directory } = event);
        server.follow(event.directory);
        announce(event.directory, server.address, process.pid);
      }
      // From here on the run's files are registered: nothing may stand beside them.
      if (event.kind === "judging" || event.kind === "verdict") leave();
    },
    async [Symbol.asyncDispose]() {
      leave();
      await server[Symbol.asyncDispose]();
    },
  };
}
