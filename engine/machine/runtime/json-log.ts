import { decode, encode } from "../../kernel/index.ts";
import { type FileNode, MemoryContent } from "../inode.ts";
import { ContainerLog, formatNano } from "./log-file.ts";

/** The log of a container in docker's json-file format: an object a line. It is not rotated. */
export class JsonLog extends ContainerLog {
  override line(stream: "stdout" | "stderr", tag: "F" | "P", text: Uint8Array): void {
    this.put(stream, `${decode(text)}${tag === "F" ? "\n" : ""}`);
  }

  override text(stream: "stdout" | "stderr", text: string | (() => string)): void {
    this.put(stream, `${typeof text === "string" ? text : text()}\n`);
  }

  override block(): boolean {
    return false;
  }

  private put(stream: string, log: string): void {
    const { epochMs, now } = this.machine.kernel;
    const entry = JSON.stringify({ log, stream, time: formatNano(epochMs, now) });
    const content = this.room(entry.length);
    content.append(encode(`${entry}\n`));
    this.changed();
  }

  protected override room(_bytes: number): MemoryContent {
    const file: FileNode = this.file;
    if (file.content instanceof MemoryContent) return file.content;
    const own = new MemoryContent(file.content.bytes());
    file.content = own;
    return own;
  }
}
