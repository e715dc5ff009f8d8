import { decode, encode, MS } from "../../../kernel/index.ts";
import { entriesOf, fileNode } from "../../../machine/inode.ts";
import { ROOT } from "../../../machine/path.ts";
import type { Process } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { Tty } from "../../../machine/tty.ts";
import { shellMachine } from "../../../shell/harness.ts";
import { textPrograms } from "../index.ts";

/** For tests: a screen that understands what full-screen programs here write. */
export class Screen {
  readonly rows: string[];
  private row = 0;
  private column = 0;

  constructor(height: number) {
    this.rows = Array.from({ length: height }, () => "");
  }

  write(text: string): void {
    for (let i = 0; i < text.length; i++) {
      const sequence = /^\x1b(\[[?\d;]*[A-Za-z]|[=>])/.exec(text.slice(i));
      if (sequence) {
        i += sequence[0].length - 1;
        const move = /^\[(\d+);(\d+)H$/.exec(sequence[1]!);
        if (move) [this.row, this.column] = [Number(move[1]) - 1, Number(move[2]) - 1];
        if (sequence[1] === "[K") this.rows[this.row] = (this.rows[this.row] ?? "").slice(0, this.column);
        continue;
      }
      if (text[i]! < " ") continue;
      const line = (this.rows[this.row] ?? "").padEnd(this.column);
      this.rows[this.row] = line.slice(0, this.column) + text[i] + line.slice(this.column + 1);
      this.column++;
    }
  }

  /** Where the cursor stands, from 1: row,column. */
  get cursor(): string {
    return `${this.row + 1},${this.column + 1}`;
  }

  get text(): string {
    return this.rows.map((row) => row.trimEnd()).join("\n");
  }
}

/** A program on a terminal of a machine whose /work holds `files`. */
export function onScreen(argv: string[], files: Record<string, string>, size: { rows: number; columns: number }) {
  const { kernel, machine } = shellMachine(textPrograms);
  const work = entriesOf(machine.root).get("work")!;
  for (const [name, text] of Object.entries(files)) if (work.kind === "dir") entriesOf(work).set(name, fileNode(text));
  const screen = new Screen(size.rows);
  const tty = new Tty("/dev/pts/0", size.columns, size.rows, (bytes) => screen.write(decode(bytes)));
  const process: Process = machine.spawn({
    parent: undefined,
    argv,
    env: new Map([
      ["PATH", "/usr/bin"],
      ["TERM", "xterm"],
    ]),
    cwd: "/work",
    cred: ROOT,
    ns: machine.ns,
    tty,
    fds: new Map([0, 1, 2].map((fd) => [fd, tty])),
    *main(p) {
      return yield* sys.exec(p, `/usr/bin/${argv[0]}`, argv);
    },
  });
  const settle = () => kernel.run(kernel.now + 200 * MS, () => process.status !== undefined);
  settle();
  return {
    kernel,
    tty,
    screen,
    process,
    /** Types keys; each ESC is let stand alone. */
    type(keys: string): void {
      for (const part of keys.split(/(?<=\x1b)(?!\[|O)/)) {
        tty.input(encode(part));
        settle();
      }
    },
    file(name: string): string | undefined {
      const node = work.kind === "dir" ? entriesOf(work).get(name) : undefined;
      return node?.kind === "file" ? decode(node.content.bytes()) : undefined;
    },
  };
}
