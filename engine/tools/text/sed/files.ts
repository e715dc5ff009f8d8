/** What sed reads and writes: input files one after another, in place with -i, and the files that scripts name. */
import { decode, encode, type Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import type { FileNode } from "../../../machine/inode.ts";
import type { OpenFile } from "../../../machine/open-file.ts";
import * as sys from "../../../machine/sys.ts";
import { LineReader, Output } from "../../io.ts";
import { Fatal, type Tool } from "../../tool.ts";
import { searchPath } from "../env.ts";

export interface SedOptions {
  quiet: boolean;
  /** -u: nothing is read ahead. */
  unbuffered: boolean;
  separate: boolean;
  inPlace: boolean;
  suffix: string;
  end: string;
  wrap: number;
}

export class SedFiles {
  protected readonly t: Tool;
  protected readonly options: SedOptions;
  protected out: Output;
  protected readonly files: string[] = [];
  protected reader: LineReader | undefined;
  protected fd = 0;
  protected fileName = "-";
  protected edited: { node: FileNode; parts: string[] } | undefined;
  protected line = 0;
  protected terminated = true;
  protected readonly outputs = new Map<string, Output>();
  /** The last output had no newline at its end. */
  protected openEnd = false;

  constructor(t: Tool, options: SedOptions) {
    this.t = t;
    this.options = options;
    this.out = t.out;
  }

  protected openOutput(path: string): void {
    if (this.outputs.has(path)) return;
    if (path === "/dev/stdout") this.outputs.set(path, this.out);
    else if (path === "/dev/stderr") this.outputs.set(path, new Output(this.t.p, 2));
    else {
      try {
        const fd = sys.open(this.t.p, path, { write: true, create: true, truncate: true });
        this.outputs.set(path, new Output(this.t.p, fd));
      } catch (error) {
        if (!isErrno(error)) throw error;
        throw new Fatal(`couldn't open file ${path}: ${error.message}`, 4);
      }
    }
  }

  protected emit(text: string, terminated = true): void {
    this.emitRaw(terminated ? text + this.options.end : text);
    this.openEnd = !terminated;
  }

  // ---- input --------------------------------------------------------------------------------------------------------

  /** Opens the next readable file; false when there is none. */
  protected *nextFile(): Gen<boolean> {
    for (;;) {
      const path = this.files.shift();
      if (path === undefined) return false;
      this.fileName = path;
      if (path === "-" && !this.options.inPlace) {
        this.fd = 0;
        this.reader = new LineReader(this.t.p, 0, this.options.end);
        // What was read of a file is given back; a pipe's is gone.
        this.reader.sparing = this.options.unbuffered && this.t.p.fds.get(0)?.node?.kind !== "file";
        return true;
      }
      try {
        const node = sys.stat(this.t.p, path);
        if (this.options.inPlace && node.kind !== "file") {
          yield* this.t.error(`couldn't edit ${path}: not a regular file`, 4);
          continue;
        }
        if (node.kind === "dir") {
          yield* this.out.flush();
          throw new Fatal(`read error on ${path}: Is a directory`, 4);
        }
        this.fd = sys.open(this.t.p, path);
        this.reader = new LineReader(this.t.p, this.fd, this.options.end);
        if (this.options.inPlace && node.kind === "file") this.edited = { node, parts: [] };
        if (this.options.separate) this.line = 0;
        return true;
      } catch (error) {
        if (!isErrno(error)) throw error;
        yield* this.t.error(`can't read ${path}: ${error.message}`, 2);
      }
    }
  }

  /** Ends the current file: with -i its new text is put in its place. */
  protected *finishFile(copyRest: boolean): Gen<void> {
    if (this.reader === undefined) return;
    if (this.edited && copyRest) {
      for (;;) {
        const line = yield* this.reader.line();
        if (line === undefined) break;
        this.emit(line, !this.reader.lastUnterminated);
      }
    }
    if (this.edited) {
      const { node, parts } = this.edited;
      const { p } = this.t;
      if (this.options.suffix !== "") {
        const slash = this.fileName.lastIndexOf("/") + 1;
        const base = this.fileName.slice(slash);
        const name = this.options.suffix.includes("*")
          ? this.options.suffix.split("*").join(base)
          : base + this.options.suffix;
        sys.writeText(
          p,
          name.includes("/") ? name : this.fileName.slice(0, slash) + name,
          node.content.bytes().slice(),
        );
      }
      // As sed does it: a new file takes the name.
      const bytes = encode(parts.join(""));
      const temporary = `${this.fileName}.sed${node.ino}`;
      try {
        sys.writeText(p, temporary, bytes);
        const made = sys.stat(p, temporary);
        made.mode = node.mode;
        made.uid = node.uid;
        made.gid = node.gid;
        sys.rename(p, temporary, this.fileName);
      } catch (error) {
        if (!isErrno(error)) throw error;
        const slash = this.fileName.lastIndexOf("/");
        const dir = slash < 0 ? "./" : this.fileName.slice(0, slash + 1);
        if (sys.find(p, temporary) !== undefined) {
          sys.unlink(p, temporary);
          throw new Fatal(`cannot rename ${dir}sedXXXXXX: ${error.message}`, 4);
        }
        throw new Fatal(`couldn't open temporary file ${dir}sedXXXXXX: ${error.message}`, 4);
      }
      this.edited = undefined;
      this.openEnd = false;
    }
    this.t.close(this.fd);
    this.fd = 0;
    this.reader = undefined;
  }

  /** The next input line when it is there already. */
  protected fetchReady(): string | undefined {
    const line = this.reader?.take();
    if (line === undefined) return undefined;
    this.line++;
    this.terminated = !this.reader!.lastUnterminated;
    return line;
  }

  /** The next input line, or undefined; opens files as needed. */
  protected *fetch(): Gen<string | undefined> {
    for (;;) {
      if (this.reader === undefined && !(yield* this.nextFile())) return undefined;
      const reader = this.reader!;
      if (!reader.ready) {
        yield* this.out.flush();
        for (const output of this.outputs.values()) yield* output.flush();
        if (!(yield* reader.fill())) {
          yield* this.finishFile(false);
          continue;
        }
      }
      // A newline missing at the end of one file is put in when another follows.
      return this.fetchReady();
    }
  }

  /** True when no input line is left (in this file, with -s or -i). */
  protected *atEnd(): Gen<boolean> {
    for (;;) {
      if (this.reader === undefined) {
        if (this.options.separate && this.line > 0 && this.files.length === 0) return true;
        if (!(yield* this.nextFile())) return true;
      }
      if (this.reader!.ready) return false;
      yield* this.out.flush();
      if (yield* this.reader!.fill()) return false;
      if (this.options.separate || this.files.length === 0) return true;
      yield* this.finishFile(false);
    }
  }

  protected emitRaw(text: string): void {
    // Whatever follows a line without newline begins on a line of its own.
    if (this.openEnd && text !== "") {
      this.openEnd = false;
      this.emitRaw(this.options.end);
    }
    if (this.edited) this.edited.parts.push(text);
    else this.out.add(text);
  }

  /** What a command prints, for `e`. */
  protected *output(command: string): Gen<string> {
    const { p } = this.t;
    yield* this.out.flush();
    const [reader, writer] = sys.pipe();
    const fds = new Map<number, OpenFile>([[1, writer]]);
    for (const fd of [0, 2]) if (p.fds.has(fd)) fds.set(fd, p.fds.get(fd)!);
    const child = yield* sys.spawn(p, searchPath(p, "sh") ?? "/bin/sh", { argv: ["sh", "-c", command], fds });
    const fd = p.freeFd(3);
    p.setFd(fd, reader);
    const text = decode(yield* sys.readAll(p, fd));
    sys.close(p, fd);
    yield* sys.waitFor(p, child);
    return text;
  }
}
