import type { WaitStatus } from "../process.ts";
import { SIGNALS } from "../signal.ts";
import type { Result } from "./unit.ts";

/** Names of exit statuses as systemd prints them (systemd.exec(5), "Process exit codes"). */
export const EXIT_NAMES: Record<number, string> = {
  0: "SUCCESS",
  1: "FAILURE",
  2: "INVALIDARGUMENT",
  3: "NOTIMPLEMENTED",
  4: "NOPERMISSION",
  5: "NOTINSTALLED",
  6: "NOTCONFIGURED",
  7: "NOTRUNNING",
  200: "CHDIR",
  201: "NICE",
  202: "FDS",
  203: "EXEC",
  204: "MEMORY",
  205: "LIMITS",
  206: "OOM_ADJUST",
  207: "SIGNAL_MASK",
  208: "STDIN",
  209: "STDOUT",
  210: "CHROOT",
  211: "IOPRIO",
  212: "TIMERSLACK",
  213: "SECUREBITS",
  214: "SETSCHEDULER",
  215: "CPUAFFINITY",
  216: "GROUP",
  217: "USER",
  218: "CAPABILITIES",
  219: "CGROUP",
  220: "SETSID",
  221: "CONFIRM",
  222: "STDERR",
  224: "PAM",
  225: "NETWORK",
  226: "NAMESPACE",
  227: "NO_NEW_PRIVILEGES",
  228: "SECCOMP",
  229: "SELINUX_CONTEXT",
  230: "PERSONALITY",
  231: "APPARMOR_PROFILE",
  232: "ADDRESS_FAMILIES",
  233: "RUNTIME_DIRECTORY",
  235: "CHOWN",
  236: "SMACK_PROCESS_LABEL",
  237: "KEYRING",
  238: "STATE_DIRECTORY",
  239: "CACHE_DIRECTORY",
  240: "LOGS_DIRECTORY",
  241: "CONFIGURATION_DIRECTORY",
  242: "NUMA_POLICY",
  243: "CREDENTIALS",
  245: "BPF",
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
  if (status.kind !== "exited") return codeAndStatus(status);
  // The names of LSB's init scripts (2 to 7) are the journal's alone.
  const name = status.code >= 2 && status.code <= 7 ? undefined : EXIT_NAMES[status.code];
  return `code=exited, status=${status.code}${name === undefined ? "" : `/${name}`}`;
}

/** Ended as a service should: status 0, or a signal that asks a daemon to leave. */
export function isClean(status: WaitStatus, successStatus: readonly string[]): boolean {
  if (status.kind === "exited") return status.code === 0 || successStatus.includes(String(status.code));
  if (status.kind !== "signaled") return false;
  const clean = ["HUP", "INT", "TERM", "PIPE"];
  return clean.includes(status.signal) || successStatus.includes(`SIG${status.signal}`);
}

/** What the end of a service's process means for it. */
export function resultOf(status: WaitStatus, successStatus: readonly string[]): Result {
  if (isClean(status, successStatus)) return "success";
  return status.kind === "exited" ? "exit-code" : "signal";
}

/** Fields of the message that a process of a unit has ended. */
export function exitFields(command: string, status: WaitStatus): Record<string, string> {
  const killed = status.kind === "signaled";
  const number = status.kind === "exited" ? status.code : killed ? SIGNALS[status.signal] : 0;
  return { COMMAND: command, EXIT_CODE: killed ? "killed" : "exited", EXIT_STATUS: String(number) };
}
