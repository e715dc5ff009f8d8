import { decode, Kernel, SECOND } from "../kernel/index.ts";
import { Network } from "../network/index.ts";
import { buildBase, type Role } from "./base/index.ts";
import { SinkFile } from "./login.ts";
import { Machine } from "./machine.ts";
import type { OpenFile } from "./open-file.ts";
import { type Credentials, ROOT } from "./path.ts";
import { exitCode, type Process, type Program } from "./process.ts";
import * as sys from "./sys.ts";
import { bootMachine } from "./systemd/index.ts";
import { credentialsOf, userByName } from "./users.ts";

export interface Answer {
  out: string;
  err: string;
  status: number;
}

/** For tests: booted machines on one network, and a way to run a command line on one. */
export class TestBed {
  readonly kernel = new Kernel({ seed: 1, epochMs: 1_740_819_600_000 });
  readonly network = new Network(this.kernel);
  readonly machines: Machine[] = [];
  private readonly programs: ReadonlyMap<string, Program>;

  constructor(programs: Record<string, Program>) {
    this.programs = new Map(Object.entries(programs));
  }

  /** Builds and boots a machine with an address on 192.168.108.0/24. */
  boot(
    hostname: string,
    address: string,
    role: Role = "worker",
    hosts: { address: string; names: string[] }[] = [],
  ): Machine {
    const { kernel, network, programs } = this;
    const machine = new Machine({ kernel, network, hostname, programs });
    machine.net.addInterface({
      name: "eth0",
      mac: "52:54:00:00:00:01",
      addresses: [`${address}/24`],
      up: true,
      mtu: 1500,
    });
    machine.net.routes.push(
      { destination: "default", via: "192.168.108.1", device: "eth0" },
      { destination: "192.168.108.0/24", device: "eth0", source: address },
    );
    buildBase(machine, { role, hosts });
    bootMachine(machine);
    this.machines.push(machine);
    return machine;
  }

  /** Runs a program by its file with words as arguments until it ends; gives what it printed and its status. */
  run(machine: Machine, argv: string[], options: { user?: string; stdin?: OpenFile; limit?: number } = {}): Answer {
    const { kernel } = this;
    let out = "";
    let err = "";
    const process = this.start(
      machine,
      argv,
      options.user ?? "root",
      (text) => (out += text),
      (text) => (err += text),
      options.stdin,
    );
    kernel.runUntil(() => process.status !== undefined, kernel.now + (options.limit ?? 3600 * SECOND));
    if (process.status === undefined) machine.signal(process, "KILL");
    return { out, err, status: process.status ? exitCode(process.status) : -1 };
  }

  start(
    machine: Machine,
    argv: string[],
    user: string,
    out: (text: string) => void,
    err: (text: string) => void,
    stdin?: OpenFile,
  ): Process {
    const account = userByName(machine.ns.mnt, user)!;
    const cred: Credentials = user === "root" ? ROOT : credentialsOf(machine.ns.mnt, account);
    const name = argv[0]!;
    return machine.spawn({
      parent: machine.pids.init,
      *main(p) {
        for (const dir of name.includes("/") ? [""] : ["/usr/bin/", "/usr/sbin/"]) {
          if (sys.find(p, dir + name)) return yield* sys.exec(p, dir + name, argv);
        }
        return 127;
      },
      argv,
      env: new Map([
        ["PATH", "/usr/sbin:/usr/bin"],
        ["HOME", account.home],
        ["USER", user],
        ["LOGNAME", user],
      ]),
      cwd: account.home,
      cred,
      ns: machine.ns,
      fds: new Map<number, OpenFile>([
        ...(stdin ? ([[0, stdin]] as [number, OpenFile][]) : []),
        [1, new SinkFile((bytes) => out(decode(bytes)))],
        [2, new SinkFile((bytes) => err(decode(bytes)))],
      ]),
    });
  }
}
