import { Pipe, WaitQueue } from "../kernel/index.ts";
import type { RemoteCommand } from "./http.ts";

/**
 * Streams that were opened and end at once with an internal error: how an exec is refused once the client's connection
 * stands (kubelet pkg/cri/streaming/remotecommand/exec.go ServeExec).
 */
export function refusedCommand(message: string, options: { stdin?: boolean; tty?: boolean } = {}): RemoteCommand {
  return {
    stdin: options.stdin ? new Pipe() : undefined,
    stdout: new Pipe(),
    stderr: options.tty ? undefined : new Pipe(),
    resize() {},
    result: {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: `Internal error occurred: ${message}`,
      reason: "InternalError",
      details: { causes: [{ message }] },
      code: 500,
    },
    ended: new WaitQueue(),
    close() {},
  };
}

/** What the runtime says of a port of a Pod that does not answer (containerd internal/cri/server sandbox_portforward_linux.go). */
export function forwardFailure(port: number, message: string): string {
  return (
    `error forwarding port ${port} to pod, uid : failed to execute portforward in network namespace: ` +
    `failed to connect to localhost:${port} inside namespace, IPv4: dial tcp4 127.0.0.1:${port}: connect: ${message} ` +
    "IPv6 dial tcp6: address localhost: no suitable address "
  );
}
