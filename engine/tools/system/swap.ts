/** swapon and swapoff: a kubelet's machine has no swap, and /proc/swaps says so. */
import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { Fatal, tool } from "../tool.ts";

const VERSION = "util-linux 2.38.1";

export const swapoff: Program = tool(
  {
    name: "swapoff",
    usage: "[options] [<spec>]",
    about: "",
    version: VERSION,
    short: "avLU:",
    long: "all=a verbose=v",
  },
  function* (t, o) {
    if (t.p.cred.uid !== 0) throw new Fatal("Not superuser.", 16);
    let status = 0;
    for (const path of o.operands) {
      const why = sys.find(t.p, path) === undefined ? "No such file or directory" : "Invalid argument";
      yield* sys.printError(t.p, `swapoff: ${path}: swapoff failed: ${why}\n`);
      status = 4;
    }
    if (!o.has("a") && o.operands.length === 0) throw new Fatal("bad usage", 1);
    return status;
  },
);

export const swapon: Program = tool(
  {
    name: "swapon",
    usage: "[options] [<spec>]",
    about: "",
    version: VERSION,
    short: "ad::efp:svL:U:",
    long: "all=a show:: noheadings raw bytes summary=s verbose=v",
  },
  function* (t, o) {
    const used = sys.readText(t.p, "/proc/swaps");
    if (o.has("s")) {
      t.out.add(used.trimEnd().includes("\n") ? used : "");
      return 0;
    }
    if (o.has("show") || (o.operands.length === 0 && !o.has("a"))) return 0;
    if (t.p.cred.uid !== 0) throw new Fatal("Not superuser.", 1);
    for (const path of o.operands) {
      if (sys.find(t.p, path) === undefined) throw new Fatal(`cannot open ${path}: No such file or directory`, 255);
      throw new Fatal(`${path}: read swap header failed`, 255);
    }
    return 0;
  },
);
