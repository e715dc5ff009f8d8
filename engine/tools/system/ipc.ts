/** ipcs(1), mcookie(1) and pwdx(1): nothing here uses System V's queues, segments and semaphores. */
import * as sys from "../../machine/sys.ts";
import { Fatal, tool } from "../tool.ts";
import { byPid } from "./process-view.ts";

const HEADS: Readonly<Record<string, readonly [string, string]>> = {
  q: ["Message Queues", "key        msqid      owner      perms      used-bytes   messages    "],
  m: ["Shared Memory Segments", "key        shmid      owner      perms      bytes      nattch     status      "],
  s: ["Semaphore Arrays", "key        semid      owner      perms      nsems     "],
};
const USED: Readonly<Record<string, readonly [string, string]>> = {
  q: ["Messages Status", "allocated queues = 0\nused headers = 0\nused space = 0 bytes\n"],
  m: [
    "Shared Memory Status",
    "segments allocated 0\npages allocated 0\npages resident  0\npages swapped   0\nSwap performance: 0 attempts\t 0 successes\n",
  ],
  s: ["Semaphore Status", "used arrays = 0\nallocated semaphores = 0\n"],
};
const MOST: Readonly<Record<string, readonly [string, string]>> = {
  q: [
    "Messages Limits",
    "max queues system wide = 32000\nmax size of message (bytes) = 8192\ndefault max size of queue (bytes) = 16384\n",
  ],
  m: [
    "Shared Memory Limits",
    "max number of segments = 4096\nmax seg size (kbytes) = 18014398509465599\nmax total shared memory (kbytes) = 18014398509481980\nmin seg size (bytes) = 1\n",
  ],
  s: [
    "Semaphore Limits",
    "max number of arrays = 32000\nmax semaphores per array = 32000\nmax semaphores system wide = 1024000000\nmax ops per semop call = 500\nsemaphore max value = 32767\n",
  ],
};

export const ipcs = tool(
  {
    name: "ipcs",
    usage: "[resource-option...] [output-option]\n ipcs -m|-q|-s -i <id>",
    about: "Show information on IPC facilities.",
    version: "ipcs from util-linux 2.38.1",
    short: "mqsati:cpulb",
    long: "shmems=m queues=q semaphores=s all=a id:=i creator=c limits=l pid=p time=t summary=u bytes=b human=human",
  },
  // biome-ignore lint/correctness/useYield: nothing is waited for
  function* (t, o) {
    const id = o.value("i");
    if (id !== undefined) throw new Fatal(`id ${id} not found`);
    const asked = ["q", "m", "s"].filter((letter) => o.has(letter));
    for (const letter of asked.length > 0 && !o.has("a") ? asked : ["q", "m", "s"]) {
      if (o.has("u") || o.has("l")) {
        const [head, text] = (o.has("l") ? MOST : USED)[letter]!;
        t.out.add(`\n------ ${head} --------\n${text}`);
      } else {
        const [head, columns] = HEADS[letter]!;
        t.out.add(`\n------ ${head} --------\n${columns}\n`);
      }
    }
    t.out.add("\n");
    return 0;
  },
);

/** mcookie(1): 128 bits nobody guesses. */
export const mcookie = tool(
  {
    name: "mcookie",
    usage: "[options]",
    about: "Generate magic cookies for xauth.",
    version: "mcookie from util-linux 2.38.1",
    short: "f:m:v",
    long: "file:=f max-size:=m verbose=v",
  },
  // biome-ignore lint/correctness/useYield: nothing is waited for
  function* (t) {
    t.out.add(`${t.p.machine.kernel.random("mcookie").hex(32)}\n`);
    return 0;
  },
);

/** pwdx(1): where processes are. */
export const pwdx = tool(
  {
    name: "pwdx",
    usage: "[options] pid...",
    about: "",
    version: "pwdx from procps-ng 4.0.2",
    short: "hV",
  },
  function* (t, o) {
    if (o.has("V")) {
      t.out.add("pwdx from procps-ng 4.0.2\n");
      return 0;
    }
    if (o.operands.length === 0 || o.has("h")) {
      const text =
        "\nUsage:\n pwdx [options] pid...\n\nOptions:\n -h, --help     display this help and exit\n -V, --version  output version information and exit\n\nFor more details see pwdx(1).\n";
      if (o.has("h")) t.out.add(text);
      else yield* sys.printError(t.p, text);
      return o.has("h") ? 0 : 1;
    }
    for (const word of o.operands) {
      const digits = /^(?:\/proc\/)?(\d+)$/.exec(word)?.[1];
      if (digits === undefined) throw new Fatal(`invalid process id: ${word}`);
      const process = byPid(t.p, Number(digits));
      if (process === undefined) {
        t.prefix = "";
        yield* t.error(`${word}: No such process`);
        t.prefix = `${t.name}: `;
      } else if (t.p.cred.uid !== 0 && process.cred.uid !== t.p.cred.uid) {
        t.prefix = "";
        yield* t.error(`${word}: Permission denied`);
        t.prefix = `${t.name}: `;
      } else t.out.add(`${word}: ${process.cwd}\n`);
    }
    return t.status;
  },
);
