/** The files, pipes and commands that an awk program reads and writes besides its input and output. */
import type { Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import type { OpenFile } from "../../../machine/open-file.ts";
import { exitCode, type Process } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { Output } from "../../io.ts";
import type { Tool } from "../../tool.ts";
import { searchPath } from "../env.ts";
import { RecordReader } from "./records.ts";
import { AwkFatal } from "./values.ts";

interface Redirect {
  out: Output;
  fd: number;
  child: Process | undefined;
}

/** A command of `|&`, which is written to and read from. */
interface Partner {
  out: Output;
  outFd: number | undefined;
  reader: RecordReader;
  reads: boolean;
  child: Process;
}

export class Channels {
  private readonly t: Tool;
  private readonly outputs = new Map<string, Redirect>();
  private readonly partners = new Map<string, Partner>();
  private readonly inputs = new Map<string, { reader: RecordReader; child: Process | undefined }>();

  constructor(t: Tool) {
    this.t = t;
  }

  /** `close(name)`, whichever way it is open, undefined where it is not; of a command of `|&` the end that is written ("to") or read ("from"), or both. */
  *close(name: string, end = ""): Gen<number | undefined> {
    const partner = this.partners.get(name);
    if (partner !== undefined) return yield* this.closePartner(name, partner, end);
    return this.outputs.has(name) ? yield* this.closeOutput(name) : yield* this.closeInput(name);
  }

  /** Whether `name` is open to be written to. */
  isOpen(name: string): boolean {
    return this.outputs.has(name) || this.partners.has(name);
  }

  /** Flushes everything and waits for commands. */
  *finish(): Gen<void> {
    yield* this.t.out.flush();
    for (const [name, partner] of [...this.partners]) yield* this.closePartner(name, partner, "");
    for (const name of [...this.outputs.keys()]) yield* this.closeOutput(name);
    for (const name of [...this.inputs.keys()]) yield* this.closeInput(name);
  }

  /** The reader of `getline < name`, or why it cannot be opened. */
  fileInput(name: string): RecordReader | string {
    const open = this.inputs.get(name);
    if (open) return open.reader;
    try {
      const fd = name === "-" || name === "/dev/stdin" ? 0 : sys.open(this.t.p, name);
      const reader = new RecordReader(this.t.p, fd);
      this.inputs.set(name, { reader, child: undefined });
      return reader;
    } catch (error) {
      if (!isErrno(error)) throw error;
      return error.message;
    }
  }

  /** The reader of `command | getline`. */
  *commandInput(command: string): Gen<RecordReader | undefined> {
    const open = this.inputs.get(command);
    if (open) return open.reader;
    yield* this.flushAll();
    const [read, write] = sys.pipe();
    const child = yield* this.shell(command, new Map([[1, write]]));
    const fd = this.t.p.freeFd(3);
    this.t.p.setFd(fd, read);
    const reader = new RecordReader(this.t.p, fd);
    this.inputs.set(command, { reader, child });
    return reader;
  }

  /** The reader of `command |& getline`. */
  *partnerInput(command: string): Gen<RecordReader | undefined> {
    const partner = yield* this.partner(command);
    if (!partner.out.empty) yield* partner.out.flush();
    return partner.reads ? partner.reader : undefined;
  }

  private *partner(command: string): Gen<Partner> {
    const open = this.partners.get(command);
    if (open) return open;
    yield* this.flushAll();
    const { p } = this.t;
    const [input, toCommand] = sys.pipe();
    const [fromCommand, output] = sys.pipe();
    const outFd = p.freeFd(3);
    p.setFd(outFd, toCommand);
    p.closeOnExec.add(outFd);
    const child = yield* this.shell(
      command,
      new Map([
        [0, input],
        [1, output],
      ]),
    );
    const fd = p.freeFd(3);
    p.setFd(fd, fromCommand);
    p.closeOnExec.add(fd);
    const made = { out: new Output(p, outFd), outFd, reader: new RecordReader(p, fd), reads: true, child };
    this.partners.set(command, made);
    return made;
  }

  private *closePartner(name: string, partner: Partner, end: string): Gen<number> {
    const { p } = this.t;
    if (end !== "from" && partner.outFd !== undefined) {
      yield* partner.out.flush();
      sys.close(p, partner.outFd);
      partner.outFd = undefined;
    }
    if (end !== "to" && partner.reads) {
      sys.close(p, partner.reader.fd);
      partner.reads = false;
    }
    if (partner.outFd !== undefined || partner.reads) return 0;
    this.partners.delete(name);
    const waited = yield* sys.waitFor(p, partner.child);
    return exitCode(waited!.status);
  }

  /** Starts `sh -c command` with some descriptors replaced. */
  *shell(command: string, replaced: ReadonlyMap<number, OpenFile>): Gen<Process> {
    const { p } = this.t;
    const fds = new Map<number, OpenFile>();
    for (const fd of [0, 1, 2]) {
      const file = replaced.get(fd) ?? p.fds.get(fd);
      if (file) fds.set(fd, file);
    }
    try {
      return yield* sys.spawn(p, searchPath(p, "sh") ?? "/bin/sh", { argv: ["sh", "-c", command], fds });
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new AwkFatal(`cannot open pipe \`${command}': ${error.message}`);
    }
  }

  /** Writes what is waiting, as before reading and starting commands. */
  *flushAll(): Gen<void> {
    if (!this.t.out.empty) yield* this.t.out.flush();
    for (const { out } of [...this.outputs.values(), ...this.partners.values()]) if (!out.empty) yield* out.flush();
  }

  /** `close(name)` of an output: the status of its command. */
  *closeOutput(name: string): Gen<number | undefined> {
    const redirect = this.outputs.get(name);
    if (redirect === undefined) return undefined;
    this.outputs.delete(name);
    yield* redirect.out.flush();
    if (redirect.fd > 2) sys.close(this.t.p, redirect.fd);
    if (redirect.child === undefined) return 0;
    const waited = yield* sys.waitFor(this.t.p, redirect.child);
    return exitCode(waited!.status);
  }

  /** `close(name)` of an input. */
  *closeInput(name: string): Gen<number | undefined> {
    const input = this.inputs.get(name);
    if (input === undefined) return undefined;
    this.inputs.delete(name);
    this.t.close(input.reader.fd);
    if (input.child === undefined) return 0;
    const waited = yield* sys.waitFor(this.t.p, input.child);
    return exitCode(waited!.status);
  }

  /** Where `print > name` and the like write. */
  *redirect(kind: ">" | ">>" | "|" | "|&", name: string): Gen<Output> {
    if (kind === "|&") return (yield* this.partner(name)).out;
    const open = this.outputs.get(name);
    if (open) return open.out;
    const { p } = this.t;
    if (kind === "|") {
      yield* this.flushAll();
      const [read, write] = sys.pipe();
      const fd = p.freeFd(3);
      p.setFd(fd, write);
      p.closeOnExec.add(fd);
      const child = yield* this.shell(name, new Map([[0, read]]));
      const redirect = { out: new Output(p, fd), fd, child };
      this.outputs.set(name, redirect);
      return redirect.out;
    }
    if (name === "/dev/stdout" || name === "-") return this.t.out;
    if (name === "/dev/stderr") {
      const redirect = { out: new Output(p, 2), fd: 2, child: undefined };
      this.outputs.set(name, redirect);
      return redirect.out;
    }
    try {
      const flags = { write: true, create: true, ...(kind === ">" ? { truncate: true } : { append: true }) };
      const fd = sys.open(p, name, flags);
      const redirect = { out: new Output(p, fd), fd, child: undefined };
      this.outputs.set(name, redirect);
      return redirect.out;
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new AwkFatal(`cannot redirect to \`${name}': ${error.message}`);
    }
  }
}
