import { decode, encode, type Gen, Kernel, SECOND, WaitQueue, wait } from "../kernel/index.ts";
import { deviceNode, dirNode, entriesOf, fileNode } from "../machine/inode.ts";
import { Machine } from "../machine/machine.ts";
import type { OpenFile } from "../machine/open-file.ts";
import { ROOT } from "../machine/path.ts";
import { exitCode, type Process, type Program } from "../machine/process.ts";
import { Network } from "../network/index.ts";
import { bash } from "./index.ts";

/** Collects what is written to it. */
export class Capture implements OpenFile {
  refs = 0;
  readonly readable = false;
  readonly writable = true;
  text = "";

  *read(): Gen<Uint8Array> {
    return new Uint8Array(0);
  }

  *write(bytes: Uint8Array): Gen<"ok"> {
    this.text += decode(bytes);
    return "ok";
  }

  close(): void {}
}

export interface ScriptRun {
  stdout: string;
  stderr: string;
  status: number;
}

/** A machine for tests with the shell and the given programs in /usr/bin. */
export function shellMachine(programs: Record<string, Program> = {}): { kernel: Kernel; machine: Machine } {
  const kernel = new Kernel({ seed: 1, epochMs: 1_700_000_000_000 });
  const all: Record<string, Program> = { bash, ...programs };
  const machine = new Machine({
    kernel,
    network: new Network(kernel),
    hostname: "workstation",
    programs: new Map(Object.entries(all)),
  });
  const root = entriesOf(machine.root);
  const bin = dirNode();
  const usr = dirNode();
  entriesOf(usr).set("bin", bin);
  root.set("usr", usr);
  root.set("bin", bin);
  root.set("tmp", dirNode({ mode: 0o1777 }));
  root.set("work", dirNode({ mode: 0o777 }));
  const etc = dirNode();
  entriesOf(etc).set(
    "passwd",
    fileNode("root:x:0:0:root:/root:/bin/bash\nlearner:x:1000:1000::/home/learner:/bin/bash\n"),
  );
  root.set("etc", etc);
  const dev = dirNode();
  for (const name of ["null", "zero", "full", "tty"]) entriesOf(dev).set(name, deviceNode(name));
  root.set("dev", dev);
  for (const name of Object.keys(all)) entriesOf(bin).set(name, fileNode("\x7fELF\0", { mode: 0o755 }, name));
  entriesOf(bin).set("sh", fileNode("\x7fELF\0", { mode: 0o755 }, "bash"));
  return { kernel, machine };
}

function* waitForever(): Gen<number> {
  yield* wait(new WaitQueue());
  return 0;
}

/** Runs a shell to its end (or `limit` µs) and gives what it wrote. */
export function runShell(
  argv: readonly string[],
  options: {
    programs?: Record<string, Program>;
    files?: Record<string, string>;
    stdin?: string;
    limit?: number;
    env?: Record<string, string>;
  } = {},
): ScriptRun {
  const { kernel, machine } = shellMachine(options.programs);
  const stdout = new Capture();
  const stderr = new Capture();
  const work = entriesOf(machine.root).get("work");
  for (const [name, text] of Object.entries(options.files ?? {}))
    if (work?.kind === "dir") entriesOf(work).set(name, fileNode(text, { mode: 0o755 }));
  const stdin = fileNode(options.stdin ?? "");

  const input: OpenFile = {
    refs: 0,
    readable: true,
    writable: false,
    node: stdin,
    offset: 0,
    *read(max: number): Gen<Uint8Array> {
      const bytes = encode(options.stdin ?? "").subarray(this.offset!, this.offset! + max);
      this.offset! += bytes.length;
      return bytes;
    },
    *write(): Gen<"ok"> {
      return "ok";
    },
    close() {},
  };
  const fds = new Map<number, OpenFile>();
  const base = { env: new Map<string, string>(), cwd: "/", cred: ROOT, ns: machine.ns, fds };
  const init = machine.spawn({ parent: undefined, main: waitForever, argv: ["init"], ...base });
  const child: Process = machine.spawn({
    parent: init,
    main: bash,
    argv,
    env: new Map(
      Object.entries({ PATH: "/usr/bin:/bin", HOME: "/root", PWD: "/work", LC_ALL: "C.UTF-8", ...options.env }),
    ),
    cwd: "/work",
    cred: ROOT,
    ns: machine.ns,
    fds: new Map<number, OpenFile>([
      [0, input],
      [1, stdout],
      [2, stderr],
    ]),
  });
  child.exe = `/usr/bin/${argv[0]!.split("/").at(-1)}`;
  kernel.run(options.limit ?? 60 * SECOND);
  if (kernel.faults.length > 0) throw kernel.faults[0]!.error;
  return { stdout: stdout.text, stderr: stderr.text, status: child.status ? exitCode(child.status) : -1 };
}
