import { encode, type Gen, MS, sleep, wait } from "../../kernel/index.ts";
import { KERNEL_RELEASE, KERNEL_VERSION } from "../../machine/base/proc.ts";
import { login, runAs, SinkFile } from "../../machine/login.ts";
import type { OpenFile } from "../../machine/open-file.ts";
import { exitCode, type Process, type Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { notify } from "../../machine/systemd/index.ts";
import type { Tty } from "../../machine/tty.ts";
import { credentialsOf, type User, userByName } from "../../machine/users.ts";
import { textOf } from "../../network/hosts.ts";
import { isNetError, type Socket } from "../../network/index.ts";
import { connectFrom, openChannel, openFailure, relayTo } from "./ssh-forward.ts";
import { hostKeys } from "./ssh-keys.ts";
import {
  type Accepted,
  type ExitReport,
  FrameReader,
  frame,
  json,
  type OpenRequest,
  type Refused,
} from "./ssh-protocol.ts";

/** sshd(8): listens on port 22 and gives each connection a process of its own. */
export const sshd: Program = function* (p) {
  p.rssKib = 9_200;
  const { net } = p.ns;
  const close = net.listen({
    protocol: "tcp",
    address: "0.0.0.0",
    port: 22,
    program: "sshd",
    pid: p.pid,
    *accept(socket) {
      const child = p.machine.spawn({
        parent: p,
        main: (own) => session(own, socket),
        argv: ["sshd: [accepted]"],
        env: new Map(p.env),
        cwd: "/",
        cred: p.cred,
        ns: p.ns,
        fds: new Map(),
      });
      child.comm = "sshd";
      child.exe = "/usr/sbin/sshd";
      child.rssKib = 10_400;
    },
  });
  try {
    log(p, "Server listening on 0.0.0.0 port 22.");
    p.argv = ["sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups"];
    notify(p);
    for (;;) {
      if (p.children.size === 0) yield* wait(p.childChanged);
      else yield* sys.waitFor(p);
    }
  } finally {
    close();
  }
};

const BANNER = "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u5";

function log(p: Process, message: string): void {
  p.machine.journal.append({
    identifier: "sshd",
    unit: "ssh.service",
    pid: p.pid,
    message,
    transport: "syslog",
    comm: "sshd",
    exe: "/usr/sbin/sshd",
    cgroup: "/system.slice/ssh.service",
    uid: 0,
  });
}

/** One connection: authentication by key, then a shell on a terminal or a command without. */
function* session(p: Process, socket: Socket): Gen<number> {
  const reader = new FrameReader(socket);
  try {
    if (!(yield* reader.speaksFrames())) {
      // Whatever else speaks hears who this is, and that it was not understood (kex.c kex_exchange_identification).
      const { firstLine } = reader;
      const other = `${socket.remoteAddress} port ${socket.remotePort}`;
      socket.output.push(encode(`${BANNER}\r\n`));
      if (firstLine === "") {
        log(p, "error: kex_exchange_identification: Connection closed by remote host");
        log(p, `Connection closed by ${other}`);
      } else {
        socket.output.push(encode("Invalid SSH identification string.\r\n"));
        log(p, `error: kex_exchange_identification: client sent invalid protocol identifier "${firstLine}"`);
        log(p, `banner exchange: Connection from ${other}: invalid format`);
      }
      return 255;
    }
    const first = yield* reader.next();
    if (first === undefined || first === "interrupted" || first.type !== "open") return 255;
    const request = json<OpenRequest>(first.bytes);
    if (request.scan) {
      socket.output.push(frame("data", encode(`${BANNER}\n${hostKeys(p).join("\n")}`)));
      log(p, `Connection closed by ${socket.remoteAddress} port ${socket.remotePort} [preauth]`);
      return 255;
    }
    yield* sleep(40 * MS);
    const from = `${socket.remoteAddress} port ${socket.remotePort}`;
    const user = userByName(p.ns.mnt, request.user);
    if (user === undefined || !authorized(p, user, request.keys)) {
      log(
        p,
        user === undefined
          ? `Invalid user ${request.user} from ${from}`
          : `Connection closed by authenticating user ${request.user} ${from} [preauth]`,
      );
      socket.output.push(frame("refused"));
      return 255;
    }
    log(
      p,
      `Accepted publickey for ${user.name} from ${from} ssh2: ED25519 SHA256:${fingerprint(request.keys[0] ?? "")}`,
    );
    log(p, `pam_unix(sshd:session): session opened for user ${user.name}(uid=${user.uid}) by (uid=0)`);
    yield* serve(p, socket, reader, request, user);
    log(p, `pam_unix(sshd:session): session closed for user ${user.name}`);
    return 0;
  } finally {
    socket.close();
  }
}

/** What the client has asked for: a session, bytes to elsewhere, or nothing but that the connection stays. */
function* serve(p: Process, socket: Socket, reader: FrameReader, request: OpenRequest, user: User): Gen<void> {
  if (request.forward !== undefined) {
    let server: Socket;
    try {
      server = (yield* connectFrom(p, request.forward)).stream();
    } catch (error) {
      if (!isNetError(error)) throw error;
      const why = yield* openFailure(p, request.forward, error);
      socket.output.push(frame("refused", { why } satisfies Refused));
      return;
    }
    p.argv = [`sshd: ${user.name}`];
    socket.output.push(frame("accepted"));
    yield* relayTo(p, socket, server, reader.takeRest());
    return;
  }
  const { channel, close } = openChannel(request.subsystem === "sftp" ? fileServer(p, user) : p);
  try {
    socket.output.push(frame("accepted", { channel } satisfies Accepted));
    if (request.idle || request.subsystem !== undefined) {
      p.argv = [`sshd: ${user.name}`];
      while ((yield* reader.next()) !== undefined);
      return;
    }
    const report = yield* request.tty
      ? terminal(p, socket, reader, request, user)
      : plain(p, socket, reader, request, user);
    socket.output.push(frame("exit", report));
  } finally {
    for (const child of p.children) if (child.comm === "sftp-server") p.machine.signal(child, "TERM");
    close();
  }
}

/** sftp-server(8): a process with the user's rights, through which the other side reaches files; it ends with the connection. */
function fileServer(p: Process, user: User): Process {
  return p.machine.spawn({
    parent: p,
    argv: ["/usr/lib/openssh/sftp-server"],
    env: new Map(p.env),
    cwd: user.home,
    cred: credentialsOf(p.ns.mnt, user),
    ns: p.ns,
    fds: new Map(),
    umask: 0o022,
    *main(own) {
      own.comm = "sftp-server";
      for (;;) yield* wait(own.childChanged);
    },
  });
}

/** True when one of the keys stands in the user's authorized_keys. */
function authorized(p: Process, user: User, keys: readonly string[]): boolean {
  const words = (line: string) => line.trim().split(/\s+/).slice(0, 2).join(" ");
  const allowed = textOf(p, `${user.home}/.ssh/authorized_keys`)
    .split("\n")
    .map(words)
    .filter((line) => line !== "");
  return keys.some((key) => allowed.includes(words(key)));
}

function fingerprint(key: string): string {
  return key.split(/\s+/)[1]?.slice(-43) ?? "";
}

function* terminal(p: Process, socket: Socket, reader: FrameReader, request: OpenRequest, user: User): Gen<ExitReport> {
  const { machine } = p;
  const { columns, rows, term } = request.tty!;
  const output = (bytes: Uint8Array) => socket.output.push(frame("data", bytes));
  if (request.command === undefined) {
    const motd = `Linux ${p.ns.uts.hostname} ${KERNEL_RELEASE} ${KERNEL_VERSION} x86_64\n${textOf(p, "/etc/motd")}`;
    output(new TextEncoder().encode(motd.replace(/\n/g, "\r\n")));
  }
  const { tty, process } = login(machine, {
    user: user.name,
    columns,
    rows,
    output,
    term,
    from: socket.remoteAddress,
    command: request.command,
    env: connectionEnvironment(socket, request),
    parent: p,
  });
  p.argv = [`sshd: ${user.name}@${tty.name.slice(5)}`];
  const pump = machine.kernel.spawn(`sshd input ${p.pid}`, input(socket, reader, tty, undefined));
  try {
    while (process.task.state !== "done") yield* wait(process.task.ended);
  } finally {
    machine.kernel.kill(pump);
    tty.hangUp();
  }
  return report(process);
}

function* plain(p: Process, socket: Socket, reader: FrameReader, request: OpenRequest, user: User): Gen<ExitReport> {
  const { machine } = p;
  const [stdinRead, stdinWrite] = sys.pipe();
  const sink = (type: "data" | "error") => new SinkFile((bytes) => socket.output.push(frame(type, bytes)));
  const shell = user.shell.slice(user.shell.lastIndexOf("/") + 1);
  const process = runAs(machine, {
    user: user.name,
    path: user.shell,
    argv: request.command === undefined ? [`-${shell}`] : [shell, "-c", request.command],
    fds: new Map<number, OpenFile>([
      [0, stdinRead],
      [1, sink("data")],
      [2, sink("error")],
    ]),
    env: connectionEnvironment(socket, request),
    parent: p,
  });
  p.argv = [`sshd: ${user.name}@notty`];
  p.setFd(3, stdinWrite);
  const pump = machine.kernel.spawn(`sshd input ${p.pid}`, input(socket, reader, undefined, p));
  try {
    while (process.task.state !== "done") yield* wait(process.task.ended);
  } finally {
    machine.kernel.kill(pump);
  }
  return report(process);
}

function report(process: Process): ExitReport {
  const status = process.status!;
  return status.kind === "signaled" ? { signal: status.signal } : { code: exitCode(status) };
}

function connectionEnvironment(socket: Socket, request: OpenRequest): Map<string, string> {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  return new Map([
    ["SSH_CLIENT", `${remoteAddress} ${remotePort} ${localPort}`],
    ["SSH_CONNECTION", `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`],
    ...Object.entries(request.env ?? {}),
  ]);
}

/** Carries what the client sends to the terminal, or to the command's standard input (descriptor 3 of `holder`). */
function* input(_socket: Socket, reader: FrameReader, tty: Tty | undefined, holder: Process | undefined): Gen {
  for (;;) {
    const got = yield* reader.next();
    if (got === "interrupted") continue;
    if (got === undefined) {
      if (tty) tty.hangUp();
      else holder?.closeFd(3);
      return;
    }
    if (got.type === "resize") {
      const { columns, rows } = json<{ columns: number; rows: number }>(got.bytes);
      tty?.resize(columns, rows);
    } else if (got.type === "eof") holder?.closeFd(3);
    else if (got.type === "data") {
      if (tty) tty.input(got.bytes);
      else {
        const pipe = holder?.fds.get(3)?.pipe;
        if (pipe) yield* pipe.write(got.bytes);
      }
    }
  }
}
