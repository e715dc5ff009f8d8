/** Resolves at SIGTERM or SIGINT. Call it before telling anybody that the server is there: they may send one at once. */
export function endSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
  });
}
