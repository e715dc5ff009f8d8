/** Columns of ps by their format specifiers (ps(1), "STANDARD FORMAT SPECIFIERS"; src/ps/output.c of procps-ng 4.0.2). */
import { BY_NUMBER, CELLS, type Cell, type SortKey } from "./ps-cells.ts";

/** How a cell stands in its column; a command may fill what is left of the line. */
export type Just = "left" | "right" | "user" | "signal" | "unlimited";

export interface Column {
  header: string;
  width: number;
  just: Just;
  /** Which lines show it where processes and threads have lines of their own. */
  lines: "process" | "thread" | "both" | "any";
  cell: Cell;
  /** What lines are sorted by; the cell's text where nothing is said. */
  key?: SortKey;
  /** Has a tree drawn before it. */
  tree: boolean;
  /** Shows nothing: systems that have it are others. */
  empty: boolean;
}

/**
 * Specifier, header, width, where cells stand (l, r, u: user, s: signal, w: as wide as the line), which lines show them
 * (p: processes, t: threads, b: both, a: any), what they show, `/` between specifiers that are the same.
 */
const TABLE = `
%cpu/pcpu %CPU 4 r b pcpu
%mem/pmem %MEM 4 r p pmem
addr ADDR 4 r a none
addr_1 ADDR 1 l a none
ag_id AGID 5 r a zero
ag_nice AGNI 4 r a zero
alarm ALARM 5 r a none
args/command COMMAND 27 w p args
atime/cputime/time TIME 8 r b time
blocked/sig_block/sigmask BLOCKED 9 s t none_pending
bsdstart START 6 r b bsdstart
bsdtime TIME 6 r b bsdtime
c/util C 2 r b c
caught/sigcatch CAUGHT 9 s t caught
cgname CGNAME 27 w p cgname
cgroup CGROUP 27 w p cgroup
cgroupns CGROUPNS 10 r b cgroupns
class CLS 3 l t cls
cls CLS 3 r t cls
cmaj_flt/cmin_flt/cnswap/share - 1 r a none
cmd CMD 27 w p args
comm/ucomm COMMAND 15 w p comm
context CONTEXT 31 l b label
cp CP 3 r b cp
cpu CPU 3 r a none
cpuid CPUID 5 r t zero
cputimes/times TIME 8 r b times
cuc %CUC 7 r a cuu
cuu %CUU 6 r a cuu
drs/m_drs DRS 5 r p drs
dsiz DSIZ 4 r p drs
egid EGID 5 r b gid
egroup EGROUP 8 u b group
eip EIP 16 r t esp
esp ESP 16 r t esp
etime ELAPSED 11 r b etime
etimes ELAPSED 7 r b etimes
euid EUID 5 r b uid
euser EUSER 8 u b user
exe EXE 27 w p exe
f/flag/flags F 1 r b f
fgid FGID 5 r b gid
fgroup FGROUP 8 u b group
fname COMMAND 8 l p fname
fsgid FSGID 5 r b gid
fsgroup FSGROUP 8 u b group
fsuid FSUID 5 r b uid
fsuser FSUSER 8 u b user
fuid FUID 5 r b uid
fuser FUSER 8 u b user
gid GID 5 r b gid
group GROUP 8 u b group
ignored/sig_ignore/sigignore IGNORED 9 s t ignored
intpri/opri PRI 3 r t opri
ipcns IPCNS 10 r b ipcns
label LABEL 31 l b label
lastcpu C 3 r t zero
lim LIM 5 r a lim
longtname TTY 8 l p tty
lsession SESSION 11 l b dash
lstart STARTED 24 r b lstart
luid LUID 5 r b dash
lwp LWP 7 r t pid
lxc LXC 8 l b dash
m_dt DT 4 r p none
m_share SHRD 5 r p none
m_size SIZE 5 r p vsz
m_swap SWAP 5 r p none
m_trs TRS 5 r p trs
machine MACHINE 31 l b dash
maj_flt MAJFL 6 r a zero
majflt MAJFLT 6 r a zero
min_flt MINFL 6 r a faults
minflt MINFLT 6 r a faults
mntns MNTNS 10 r b mntns
mwchan MWCHAN 6 l t none
netns NETNS 10 r b netns
ni/nice NI 3 r t ni
nlwp NLWP 4 r p one
numa NUMA 4 r a zero
nwchan WCHAN 6 r t none
oom OOM 4 r t oom
oomadj OOMADJ 5 r t zero
ouid OWNER 5 l b dash
pagein PAGEIN 6 r a zero
pending/sig PENDING 9 s b none_pending
pgid PGID 7 r p pgid
pgrp PGRP 7 r p pgid
pid PID 7 r p pid
pidns PIDNS 10 r b pidns
policy POL 3 l t cls
ppid PPID 7 r p ppid
pri PRI 3 r t pri
pri_api API 3 r t api
pri_bar BAR 3 r t bar
pri_baz BAZ 3 r t baz
pri_foo FOO 3 r t foo
priority PRI 3 r t priority
psr PSR 3 r t zero
pss PSS 5 r p pss
rbytes RBYTES 5 r t rbytes
rchars RCHARS 5 r t rchars
resident RES 5 r p none
rgid RGID 5 r b gid
rgroup RGROUP 8 u b group
rops ROPS 5 r t rops
rss/rssize RSS 5 r p rss
rsz RSZ 5 r p rss
rtprio RTPRIO 6 r t dash
ruid RUID 5 r b uid
ruser RUSER 8 u b user
s/state S 1 l t s
sched SCH 3 r t zero
seat SEAT 11 l b dash
sess/session SESS 7 r p sess
sgi_p P 1 r t sgi_p
sgi_rss RSS 4 l p rss
sgid SGID 5 r b gid
sgroup SGROUP 8 u b group
sid SID 7 r p sess
sig_catch CATCHED 9 s t caught
sig_pend SIGNAL 9 s b none_pending
size SIZE 5 r p size
slice SLICE 31 l b slice
spid SPID 7 r t pid
stackp/start_stack STACKP 16 r p stackp
start STARTED 8 r b start
start_time START 5 r b stime
stat STAT 4 l t stat
stime STIME 5 r b stime
suid SUID 5 r b uid
supgid SUPGID 20 w p supgid
supgrp SUPGRP 40 w p supgrp
suser SUSER 8 u b user
svgid SVGID 5 r b gid
svgroup SVGROUP 8 u b group
svuid SVUID 5 r b uid
svuser SVUSER 8 u b user
sz SZ 5 r p sz
tgid TGID 7 r p pid
thcount THCNT 5 r p one
tid TID 7 r t pid
timens TIMENS 10 r b timens
timeout/tmout TMOUT 5 r a none
tname/tty8 TTY 8 l p tty
tpgid TPGID 7 r p tpgid
trs TRS 4 r p trs
trss TRSS 4 r p trs
tsig PENDING 9 s b none_pending
tsiz TSIZ 4 r p trs
tt/tty TT 8 l p tty
tty4 TTY 4 l p tty4
ucmd CMD 15 w p comm
uid UID 5 r b uid
uid_hack UID 8 u b user
uname/user USER 8 u b user
unit UNIT 31 l b unit
userns USERNS 10 r b userns
uss USS 5 r p pss
utsns UTSNS 10 r b utsns
uunit UUNIT 31 l b dash
vm_lib LIB 5 r p none
vsize/vsz VSZ 6 r p vsz
wbytes WBYTES 5 r t wbytes
wcbytes WCBYTES 5 r t zero
wchan/wname WCHAN 6 l t dash
wchars WCHARS 5 r t wchars
wops WOPS 5 r t wops
zone ZONE 31 l b label
`;

const JUST: Record<string, Just> = { l: "left", r: "right", u: "user", s: "signal", w: "unlimited" };
const LINES: Record<string, Column["lines"]> = { p: "process", t: "thread", b: "both", a: "any" };
const TREES = new Set(["args", "comm", "fname"]);

/** Columns by specifier, in alphabetical order. */
export const COLUMNS: ReadonlyMap<string, Column> = new Map(
  TABLE.trim()
    .split("\n")
    .flatMap((row): [string, Column][] => {
      const [names, header, width, just, lines, what] = row.split(" ") as string[];
      const key = BY_NUMBER[what!];
      const column: Column = {
        header: header!,
        width: Number(width),
        just: JUST[just!]!,
        lines: LINES[lines!]!,
        cell: CELLS[what!]!,
        tree: TREES.has(what!),
        empty: what === "none",
        ...(key && { key }),
      };
      return names!.split("/").map((one) => [one, column]);
    })
    .sort(([a], [b]) => (a < b ? -1 : 1)),
);
