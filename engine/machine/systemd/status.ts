import type { WaitStatus } from "../process.ts";
import { SIGNALS } from "../signal.ts";

/** Names of exit statuses as systemd prints them (systemd.exec(5), "Process exit codes"). */
const EXIT_NAMES: Record<number, string> = {
  0: "SUCCESS",
  1: "FAILURE",
  2: "INVALIDARGUMENT",
  3: "NOTIMPLEMENTED",
  4: "NOPERMISSION",
  5: "NOTINSTALLED",
  6: "NOTCONFIGURED",
  7: "NOTRUNNING",
  200: "CHDIR",
  203: "EXEC",
  217: "USER",
  255: "EXCEPTION",
};

/** `code=exited, status=1/FAILURE` of a wait status. */
export function codeAndStatus(status: WaitStatus): string {
  if (status.kind === "exited") return `code=exited, status=${status.code}/${EXIT_NAMES[status.code] ?? "n/a"}`;
  if (status.kind === "signaled") return `code=killed, status=${SIGNALS[status.signal]}/${status.signal}`;
  return `code=${status.kind}`;
}

/** The same as `systemctl status` shows it: `code=killed, signal=TERM`, `code=exited, status=0/SUCCESS`. */
export function shownStatus(status: WaitStatus): string {
  if (status.kind === "signaled") return `code=killed, signal=${status.signal}`;
  return codeAndStatus(status);
}

/** Ended as a service should: status 0, or a signal that asks a daemon to leave. */
export function isClean(status: WaitStatus, successStatus: readonly string[]): boolean {
  if (status.kind === "exited") return status.code === 0 || successStatus.includes(String(status.code));
  if (status.kind !== "signaled") return false;
  const clean = ["HUP", "INT", "TERM", "PIPE"];
  return clean.includes(status.signal) || successStatus.includes(`SIG${status.signal}`);
}
