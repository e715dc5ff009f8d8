import { Fatal, tool } from "../tool.ts";
import { compressor, requireProgram } from "./tar-compress.ts";
import { blocking, TarUsage } from "./tar-members.ts";
import { read } from "./tar-read.ts";
import { append, concatenate, create, remove } from "./tar-write.ts";

/** tar(1) of GNU. */
export const tar = tool(
  {
    name: "tar",
    short: "-AcdtruxC:f:hjJkmOopPRT:vwX:zZab:g:H:I:lnN:sSVWU",
    long: "create=c extract=x get=x list=t append=r update=u directory:=C file:=f gzip=z gunzip=z verbose=v to-stdout=O exclude:=exclude strip-components:=strip wildcards=wildcards no-wildcards=no-wildcards preserve-permissions=p same-permissions=p keep-old-files=k dereference=h absolute-names=P files-from:=T overwrite=overwrite no-same-owner=o same-owner=same-owner numeric-owner=numeric owner:=owner group:=group mode:=mode mtime:=mtime sort:=sort auto-compress=a touch=m no-recursion=no-recursion full-time=full-time bzip2=j xz=J compress=Z uncompress=Z zstd=zstd lzma=lzma lzip=lzip lzop=lzop use-compress-program:=I warning:=warning remove-files=remove-files keep-newer-files=newer-kept one-file-system=l exclude-from:=X transform:=transform xform:=transform show-transformed-names=show-names delete=delete utc=utc totals=totals one-top-level::=top exclude-vcs=vcs exclude-backups=backups exclude-caches=caches exclude-vcs-ignores=vcsi format:=H posix=posix skip-old-files=skip no-same-permissions=nsp no-overwrite-dir=nod quoting-style:=qs blocking-factor:=b checkpoint::=checkpoint diff=d compare=d unlink-first=U listed-incremental:=g incremental=inc acls=acls no-acls=acls xattrs=acls no-xattrs=acls selinux=acls no-selinux=acls ignore-failed-read=ifr sparse=S recursion=recursion delay-directory-restore=ddr catenate=A concatenate=A add-file:=add-file after-date:=N newer:=N newer-mtime:=N anchored=anchored no-anchored=no-anchored ignore-case=ignore-case no-ignore-case=no-ignore-case wildcards-match-slash=wms no-wildcards-match-slash=nwms backup::=backup suffix:=suffix block-number=R checkpoint-action:=checkpoint-action exclude-tag:=tag exclude-tag-under:=tag-under exclude-tag-all:=tag-all exclude-caches-under=caches-under exclude-caches-all=caches-all null=null no-null=no-null verbatim-files-from=verbatim no-verbatim-files-from=no-verbatim occurrence::=occurrence record-size:=record-size to-command:=to-command ignore-zeros=i keep-directory-symlink=kds clamp-mtime=clamp show-defaults=show-defaults",
    usage: "[OPTION...] [FILE]...",
    about:
      "GNU 'tar' saves many files together into a single tape or disk archive, and can\nrestore individual files from the archive.",
    version: "tar (GNU tar) 1.35",
    usageStatus: 64,
    hint: "Try 'tar --help' or 'tar --usage' for more information.",
    rewrite: oldStyle,
  },
  function* (t, o) {
    const modes = new Set(o.list.filter(({ key }) => /^(?:[cxtruAd]|delete)$/.test(key)).map(({ key }) => key));
    if (o.has("show-defaults")) {
      t.out.add(
        "--format=gnu -f- -b20 --quoting-style=escape --rmt-command=/usr/sbin/rmt --rsh-command=/usr/bin/rsh\n",
      );
      return 0;
    }
    blocking(o);
    if (modes.size === 0)
      throw new TarUsage("You must specify one of the '-Acdtrux', '--delete' or '--test-label' options");
    if (modes.size > 1)
      throw new TarUsage("You may not specify more than one '-Acdtrux', '--delete' or  '--test-label' option");
    const mode = [...modes][0]!;
    const format = o.value("H");
    if (format !== undefined && !FORMATS.includes(format)) throw new TarUsage(`${format}: Invalid archive format`);
    const sort = o.value("sort");
    if (sort !== undefined && !["none", "name", "inode"].includes(sort))
      throw new Fatal(
        `invalid argument ‘${sort}’ for ‘--sort’
Valid arguments are:
  - ‘none’
  - ‘name’
  - ‘inode’`,
        2,
      );
    const verbose = o.list.filter(({ key }) => key === "v" || key === "utc").length;
    if (mode === "c" || !o.has("a")) requireProgram(compressor(o, o.value("f") ?? "-"), mode === "c");
    if (mode === "delete") return yield* remove(t, o);
    if (mode === "c") return yield* create(t, o, verbose);
    if (mode === "A") return yield* concatenate(t, o);
    if (mode === "r" || mode === "u") return yield* append(t, o, verbose);
    return yield* read(t, o, mode, verbose);
  },
);

const FORMATS = ["gnu", "oldgnu", "pax", "posix", "ustar", "v7"];

/** `tar xzf FILE`: letters without a dash, their arguments after them in order. */
function oldStyle(args: string[]): string[] {
  const first = args[0];
  if (first === undefined || first.startsWith("-")) return args;
  const rest = args.slice(1);
  const out: string[] = [];
  for (const letter of first) {
    if (!/[CfTXb]/.test(letter)) {
      out.push(`-${letter}`);
      continue;
    }
    const value = rest.shift();
    if (value === undefined) throw new TarUsage(`Old option '${letter}' requires an argument.`);
    out.push(`-${letter}`, value);
  }
  return [...out, ...rest];
}
