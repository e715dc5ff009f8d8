import type { Machine } from "../machine.ts";
import { type Credentials, ROOT } from "../path.ts";
import type { Namespaces, Process } from "../process.ts";

/**
 * What sys.ts's file calls need of a process, for parts of a machine that act without one of their own: the runtime
 * that prepares a container's files, a shim that looks for an executable in it.
 */
export function hostView(
  machine: Machine,
  options: { ns?: Namespaces; cred?: Credentials; cwd?: string } = {},
): Process {
  const { ns = machine.ns, cred = ROOT, cwd = "/" } = options;
  return { machine, ns, cred, cwd, umask: 0, fds: new Map(), tty: undefined } as unknown as Process;
}
