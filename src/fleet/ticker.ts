/** Does something now and then, until it is disposed of; holds no process open. */
export function every(periodMs: number, work: () => void): Disposable {
  const ticking = setInterval(work, periodMs);
  ticking.unref();
  return { [Symbol.dispose]: () => clearInterval(ticking) };
}

/** Resolves after a while, or at once when the signal is aborted. */
export function pause(forMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const waiting = setTimeout(resolve, forMs);
    const cut = (): void => {
      clearTimeout(waiting);
      resolve();
    };
    signal?.addEventListener("abort", cut, { once: true });
  });
}

/** Resolves when the signal is aborted. */
export const aborted = (signal: AbortSignal): Promise<null> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(null);
    else signal.addEventListener("abort", () => resolve(null), { once: true });
  });
