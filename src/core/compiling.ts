import { setFlagsFromString } from "node:v8";

/** How long code is left as it is: what is then still to be made faster is a small part of a long run. */
const LEAVE_MS = 30_000;

let holding = 0;

/**
 * From now on V8 makes no more code with its last compiler (Turbofan), in any thread of this process:
 * that takes 5 to 30 ms a function, in slices of 4 ms, and on a core that all threads share, starts
 * wait behind them. What is called often was compiled while it was rehearsed, and stays so; what gets
 * warm later is made faster by the compiler before the last (Maglev), which takes a tenth of that.
 * Until what is returned is called, or for 30 s.
 */
export function leaveCodeAsItIs(): () => void {
  let over = false;
  const goOn = (): void => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    holding--;
    if (holding === 0) setFlagsFromString("--turbofan");
  };
  const timer = setTimeout(goOn, LEAVE_MS).unref();
  holding++;
  setFlagsFromString("--no-turbofan");
  return goOn;
}
