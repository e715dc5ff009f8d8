import { mountLines } from "../../machine/base/proc.ts";
import { dirNode } from "../../machine/inode.ts";
import * as sys from "../../machine/sys.ts";
import { Fatal, tool } from "../tool.ts";

/** mount(8): lists mounts, binds directories, mounts a tmpfs. */
export const mount = tool(
  {
    name: "mount",
    usage: "[-lhV]\n mount -a [options]\n mount [options] [--source] <source> | [--target] <directory>",
    about: "",
    short: "t:o:avlrwnBR",
    long: "types:=t options:=o all=a bind=B rbind=R read-only=r",
    version: "mount from util-linux 2.38.1",
  },
  function* (t, o) {
    const { p } = t;
    if (o.operands.length === 0 && !o.has("a")) {
      for (const line of mountLines(p.ns).trimEnd().split("\n")) {
        const [source, target, type, options] = line.split(" ");
        if (!o.has("t") || o.value("t") === type) t.out.add(`${source} on ${target} type ${type} (${options})\n`);
      }
      return 0;
    }
    if (p.cred.uid !== 0) throw new Fatal(`${o.operands.at(-1) ?? ""}: must be superuser to use mount.`, 32);
    if (o.has("a")) return 0;
    const [source, target] = o.operands;
    if (target === undefined) throw new Fatal(`${source}: can't find in /etc/fstab.`);
    const options = (o.value("o") ?? "").split(",");
    const readOnly = o.has("r") || options.includes("ro");
    const where = sys.find(p, target);
    if (where === undefined)
      throw new Fatal(
        `${target}: mount point does not exist.\n       dmesg(1) may have more information after failed mount system call.`,
        32,
      );
    if (o.has("B", "R") || options.includes("bind")) {
      const node = sys.find(p, source!);
      if (node === undefined)
        throw new Fatal(
          `${target}: special device ${source} does not exist.\n       dmesg(1) may have more information after failed mount system call.`,
          32,
        );
      p.ns.mnt.mount(target, node, { fstype: "ext4", source: "/dev/vda1", readOnly });
      return 0;
    }
    if (o.value("t") === "tmpfs") {
      p.ns.mnt.mount(target, dirNode({ mode: 0o1777, time: p.machine.kernel.now }), {
        fstype: "tmpfs",
        source: source!,
        readOnly,
      });
      return 0;
    }
    throw new Fatal(
      `${target}: special device ${source} does not exist.\n       dmesg(1) may have more information after failed mount system call.`,
      32,
    );
  },
);

/** umount(8). */
export const umount = tool(
  {
    name: "umount",
    usage: "[options] <source> | <directory>",
    about: "",
    short: "aflrvR",
    long: "force=f lazy=l",
    version: "umount from util-linux 2.38.1",
  },
  function* (t, o) {
    const { p } = t;
    for (const target of o.operands) {
      const found = p.ns.mnt.list().find((one) => one.target === target.replace(/(.)\/+$/, "$1"));
      if (found === undefined) {
        const missing = sys.find(p, target) === undefined;
        yield* t.error(missing ? `${target}: no mount point specified.` : `${target}: not mounted.`, 32);
      } else if (p.cred.uid !== 0) yield* t.error(`${target}: must be superuser to unmount.`, 32);
      else p.ns.mnt.unmount(found.target);
    }
    return undefined;
  },
);
