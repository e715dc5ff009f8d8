import { decode, encode, type Kernel, MS, SECOND } from "../kernel/index.ts";
import type { Machine } from "../machine/machine.ts";
import type { OpenFile } from "../machine/open-file.ts";
import { ROOT } from "../machine/path.ts";
import type { Process, Program } from "../machine/process.ts";
import { Tty } from "../machine/tty.ts";
import { shellMachine } from "./harness.ts";
import { bash } from "./index.ts";

/** A terminal with an interactive shell, for tests. Terminals of one machine share its clock. */
export class Terminal {
  readonly kernel: Kernel;
  readonly machine: Machine;
  readonly process: Process;
  readonly tty: Tty;
  private raw = "";

  constructor(
    options: { columns?: number; programs?: Record<string, Program>; beside?: Terminal; argv?: string[] } = {},
  ) {
    const { kernel, machine } = options.beside ?? shellMachine(options.programs);
    this.kernel = kernel;
    this.machine = machine;
    this.tty = new Tty("/dev/pts/0", options.columns ?? 80, 24, (bytes) => {
      this.raw += decode(bytes);
    });
    this.tty.signal = (group, signal) => {
      machine.signalGroup(group, signal);
    };
    this.process = machine.spawn({
      parent: undefined,
      main: bash,
      argv: options.argv ?? ["bash"],
      env: new Map([
        ["PATH", "/usr/bin"],
        ["HOME", "/root"],
        ["PS1", "$ "],
      ]),
      cwd: "/work",
      cred: ROOT,
      ns: machine.ns,
      tty: this.tty,
      fds: new Map<number, OpenFile>([
        [0, this.tty],
        [1, this.tty],
        [2, this.tty],
      ]),
    });
    if (options.argv) this.process.exe = `/usr/bin/${options.argv[0]}`;
    kernel.run(kernel.now + SECOND);
    this.raw = "";
  }

  /** Types keys and gives what the terminal shows for them. */
  type(keys: string, seconds = 1): string {
    this.raw = "";
    this.tty.input(encode(keys));
    this.kernel.run(this.kernel.now + seconds * SECOND);
    if (this.kernel.faults.length > 0) throw this.kernel.faults[0]!.error;
    return this.raw.replace(/\x1b\[\?2004[hl]\r?/g, "").replaceAll("\r\n", "\n");
  }

  /** Types keys and gives the ms of virtual time until the screen shows `end`; `limit` when it does not. */
  until(keys: string, end: string, limit = 1000): number {
    this.raw = "";
    const from = this.kernel.now;
    this.tty.input(encode(keys));
    this.kernel.runUntil(() => this.raw.includes(end), from + limit * MS);
    return this.raw.includes(end) ? (this.kernel.now - from) / MS : limit;
  }

  /** What a command line prints, without its echo and the next prompt. */
  run(line: string, seconds = 1): string {
    const shown = this.type(`${line}\r`, seconds);
    return shown.slice(shown.indexOf("\n") + 1).replace(/\$ $/, "");
  }
}
