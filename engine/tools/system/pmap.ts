/** pmap(1) of procps: the memory map of processes, from /proc/PID/maps. */
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { type Tool, tool, UsageError } from "../tool.ts";

export const pmap = tool(
  {
    name: "pmap",
    usage: "[options] PID [PID ...]",
    about: "",
    version: "pmap from procps-ng 4.0.2",
    short: "xXdqpcC:nN:A:",
    long: "extended=x device=d quiet=q show-path=p read-rc=c range:=A",
  },
  function* (t, o) {
    if (o.operands.length === 0) throw new UsageError("argument missing");
    for (const pid of o.operands) {
      const number = pid.replace(/^\/proc\//, "");
      if (!/^\d+$/.test(number)) {
        yield* t.error(`failed to parse argument: '${pid}'`);
        continue;
      }
      if (!show(t, number, { extended: o.has("x", "X"), quiet: o.has("q"), paths: o.has("p") })) t.status = 42;
    }
    return t.status;
  },
);

function show(t: Tool, pid: string, how: { extended: boolean; quiet: boolean; paths: boolean }): boolean {
  let maps: string;
  let title: string;
  try {
    maps = sys.readText(t.p, `/proc/${pid}/maps`);
    title = sys.readText(t.p, `/proc/${pid}/cmdline`).replace(/\0$/, "").replaceAll("\0", " ");
  } catch (error) {
    if (!isErrno(error)) throw error;
    return false;
  }
  t.out.add(`${pid}:   ${title}\n`);
  if (how.extended && !how.quiet) t.out.add("Address           Kbytes     RSS   Dirty Mode  Mapping\n");
  let total = 0;
  for (const line of maps.split("\n")) {
    const match = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \d+\s*(.*)$/.exec(line);
    if (match === null) continue;
    const size = (Number.parseInt(match[2]!, 16) - Number.parseInt(match[1]!, 16)) / 1024;
    total += size;
    const mode = `${match[3]!.slice(0, 3)}${match[3]![3] === "s" ? "s" : "-"}-`;
    const name =
      match[4] === "[stack]"
        ? "  [ stack ]"
        : match[4]!.startsWith("/")
          ? how.paths
            ? match[4]!
            : match[4]!.slice(match[4]!.lastIndexOf("/") + 1)
          : "  [ anon ]";
    const address = match[1]!.padStart(16, "0");
    t.out.add(
      how.extended
        ? `${address} ${String(size).padStart(7)} ${String(size).padStart(7)} ${"0".padStart(7)} ${mode} ${name}\n`
        : `${address} ${`${size}K`.padStart(7)} ${mode} ${name}\n`,
    );
  }
  if (how.quiet) return true;
  t.out.add(
    how.extended
      ? `---------------- ------- ------- ------- \ntotal kB ${String(total).padStart(15)} ${String(total).padStart(7)} ${"0".padStart(7)}\n`
      : ` total ${`${total}K`.padStart(16)}\n`,
  );
  return true;
}
