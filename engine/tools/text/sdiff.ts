import * as sys from "../../machine/sys.ts";
import { Fatal, tool, UsageError } from "../tool.ts";
import { searchPath } from "./env.ts";

/** Options that mean the same to diff. */
const SAME = new Set(["a", "b", "B", "d", "E", "H", "i", "I", "t", "W", "Z", "cr"]);
const LONG: Readonly<Record<string, string>> = { cr: "--strip-trailing-cr", W: "-w" };

/** sdiff(1): files beside each other, which is diff's work; its merging (-o) is not here. */
export const sdiff = tool(
  {
    name: "sdiff",
    short: "abBdEHiI:lstw:WZ",
    long: "text=a ignore-space-change=b ignore-blank-lines=B minimal=d ignore-tab-expansion=E speed-large-files=H ignore-case=i ignore-matching-lines:=I left-column=l suppress-common-lines=s expand-tabs=t width:=w ignore-all-space=W ignore-trailing-space=Z strip-trailing-cr=cr",
    usage: "[OPTION]... FILE1 FILE2",
    about: "Side-by-side merge of differences between FILE1 and FILE2.",
    version: "sdiff (GNU diffutils) 3.10",
    usageStatus: 2,
    hint: "sdiff: Try 'sdiff --help' for more information.",
  },
  function* (t, o) {
    const [left, right, extra] = o.operands;
    if (left === undefined) throw new UsageError("missing operand after 'sdiff'");
    if (right === undefined) throw new UsageError(`missing operand after '${left}'`);
    if (extra !== undefined) throw new UsageError(`extra operand '${extra}'`);
    const argv = ["diff", "-y"];
    for (const { key, value } of o.list) {
      if (key === "s") argv.push("--suppress-common-lines");
      else if (key === "l") argv.push("--left-column");
      else if (key === "w") argv.push(`--width=${value}`);
      else if (SAME.has(key)) argv.push(LONG[key] ?? `-${key}`, ...(key === "I" ? [value ?? ""] : []));
    }
    const path = searchPath(t.p, "diff");
    if (path === undefined) throw new Fatal("diff: No such file or directory", 2);
    return yield* sys.exec(t.p, path, [...argv, "--", left, right]);
  },
);
