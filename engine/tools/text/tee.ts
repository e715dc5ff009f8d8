import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { argMatch, tool } from "../tool.ts";

/** tee(1). */
export const tee = tool(
  {
    name: "tee",
    short: "aip",
    long: "append=a ignore-interrupts=i output-error::=p",
    usage: "[OPTION]... [FILE]...",
    about: "Copy standard input to each FILE, and also to standard output.",
  },
  function* (t, o) {
    if (o.value("p") !== undefined)
      argMatch(o.value("p")!, "--output-error", ["warn", "warn-nopipe", "exit", "exit-nopipe"]);
    if (o.has("i")) t.p.dispositions.set("INT", "ignore");
    const fds: { fd: number; path: string }[] = [];
    for (const path of o.operands) {
      try {
        const flags = { write: true, create: true, ...(o.has("a") ? { append: true } : { truncate: true }) };
        fds.push({ fd: sys.open(t.p, path, flags), path });
      } catch (error) {
        yield* t.pathError(path, error);
      }
    }
    for (;;) {
      const bytes = yield* sys.read(t.p, 0);
      if (bytes.length === 0) break;
      yield* t.out.bytes(bytes);
      for (const { fd, path } of fds) {
        try {
          yield* sys.write(t.p, fd, bytes);
        } catch (error) {
          if (!isErrno(error)) throw error;
          yield* t.pathError(path, error);
        }
      }
    }
    return t.status;
  },
);
