/** ssh-agent(1) and ssh-add(1): keys that are held for as long as the agent runs. */
import { type Gen, wait } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { socketNode } from "../../machine/inode.ts";
import { exitCode, type Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { userByUid } from "../../machine/users.ts";
import { textOf } from "../../network/hosts.ts";
import { searchPath } from "../text/env.ts";
import { type Tool, tool } from "../tool.ts";
import { agentOf, type Identity, isTooOpen, openAgent, publicLineAt } from "./ssh-identity.ts";
import { described, parsePublicLine } from "./ssh-key-format.ts";

/** Waits until somebody ends it; its socket goes with it. */
function* serve(p: Process, socket: string): Gen<number> {
  try {
    for (;;) yield* wait(p.childChanged);
  } finally {
    if (sys.find(p, socket) !== undefined) sys.unlink(p, socket);
  }
}

export const sshAgent = tool(
  {
    name: "ssh-agent",
    usage:
      "[-c | -s] [-Dd] [-a bind_address] [-E fingerprint_hash]\n                 [-O option] [-P allowed_providers] [-t life]\n       ssh-agent [-a bind_address] [-E fingerprint_hash] [-O option]\n                 [-P allowed_providers] [-t life] command [arg ...]\n       ssh-agent [-c | -s] -k",
    about: "",
    version: "OpenSSH_9.2p1",
    short: "+csDdka:E:O:P:t:",
    standard: false,
  },
  function* (t, o) {
    const { p } = t;
    const csh = o.has("c") || (!o.has("s") && /csh$/.test(p.env.get("SHELL") ?? ""));
    const set = (name: string, value: string) =>
      csh ? `setenv ${name} ${value};\n` : `${name}=${value}; export ${name};\n`;
    if (o.has("k")) {
      const pid = p.env.get("SSH_AGENT_PID");
      const agent = pid === undefined ? undefined : p.machine.processes.get(Number(pid));
      if (pid === undefined) yield* sys.printError(p, "SSH_AGENT_PID not set, cannot kill agent\n");
      else if (agent === undefined) yield* sys.printError(p, "kill: No such process\n");
      if (agent === undefined) return 1;
      p.machine.signal(agent, "TERM");
      const unset = csh ? "unsetenv" : "unset";
      t.out.add(`${unset} SSH_AUTH_SOCK;\n${unset} SSH_AGENT_PID;\necho Agent pid ${pid} killed;\n`);
      return 0;
    }
    const random = p.machine.kernel.random("ssh-agent");
    const folder = `/tmp/ssh-${random.string(12, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")}`;
    const path = o.value("a") ?? `${folder}/agent.${p.nsPid}`;
    try {
      if (!o.has("a")) sys.mkdir(p, folder, 0o700);
      const socket = socketNode({ mode: 0o600, uid: p.cred.uid, gid: p.cred.gid });
      sys.link(p, path, socket);
      openAgent(socket);
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* sys.printError(p, `unix_listener: cannot bind to path ${path}: ${error.message}\n`);
      return 1;
    }
    const agent = sys.fork(p, (own) => serve(own, path), { argv: ["ssh-agent"], newSession: true, fds: new Map() });
    agent.comm = "ssh-agent";
    agent.exe = "/usr/bin/ssh-agent";
    const [command] = o.operands;
    if (command === undefined) {
      t.out.add(
        `${set("SSH_AUTH_SOCK", path)}${set("SSH_AGENT_PID", String(agent.nsPid))}echo Agent pid ${agent.nsPid};\n`,
      );
      return 0;
    }
    const env = new Map(p.env).set("SSH_AUTH_SOCK", path).set("SSH_AGENT_PID", String(agent.nsPid));
    const child = yield* sys.spawn(p, searchPath(p, command) ?? command, { argv: o.operands, env });
    const status = exitCode((yield* sys.waitFor(p, child))!.status);
    p.machine.signal(agent, "TERM");
    return status;
  },
);

export const sshAdd = tool(
  {
    name: "ssh-add",
    usage:
      "[-CcDdKkLlqvXx] [-E fingerprint_hash] [-H hostkey_file]\n               [-h destination_constraint] [-S provider] [-t life]\n               [file ...]",
    about: "",
    version: "OpenSSH_9.2p1",
    short: "CcDdKkLlqvXxE:H:h:S:t:",
    standard: false,
  },
  function* (t, o) {
    const { p } = t;
    const held = agentOf(p);
    if (held === undefined) {
      const unset = (p.env.get("SSH_AUTH_SOCK") ?? "") === "";
      yield* sys.printError(
        p,
        unset
          ? "Could not open a connection to your authentication agent.\n"
          : "Error connecting to agent: No such file or directory\n",
      );
      return 2;
    }
    const tell = (text: string) => (o.has("q") ? (function* () {})() : sys.printError(p, `${text}\n`));
    if (o.has("D")) {
      held.length = 0;
      yield* tell("All identities removed.");
      return 0;
    }
    if (o.has("l", "L")) {
      if (held.length === 0) t.out.add("The agent has no identities.\n");
      for (const { line, comment } of held)
        t.out.add(`${o.has("L") ? `${line} ${comment}` : described({ ...parsePublicLine(line)!, comment })}\n`);
      return held.length === 0 ? 1 : 0;
    }
    const home = userByUid(p.ns.mnt, p.cred.uid)?.home ?? "/root";
    const usual = ["id_rsa", "id_ecdsa", "id_ed25519"].map((name) => `${home}/.ssh/${name}`);
    const files = o.operands.length > 0 ? o.operands : usual.filter((path) => sys.find(p, path) !== undefined);
    let status = files.length === 0 ? 1 : 0;
    for (const path of files) {
      const done = yield* o.has("d") ? take(t, held, path, tell) : add(t, held, path, tell);
      if (!done) status = 1;
    }
    return status;
  },
);

type Tell = (text: string) => Gen<void>;

function identityAt(p: Process, path: string): Identity | undefined {
  const [wire, blob] = publicLineAt(p, path).split(" ");
  if (blob === undefined || parsePublicLine(`${wire} ${blob}`) === undefined) return undefined;
  const comment = textOf(p, `${path}.pub`).trim().split(/\s+/).slice(2).join(" ");
  return { path, line: `${wire} ${blob}`, comment: comment || path };
}

function* add(t: Tool, held: Identity[], path: string, tell: Tell): Gen<boolean> {
  const { p } = t;
  const node = sys.find(p, path);
  if (node === undefined) {
    yield* sys.printError(p, `${path}: No such file or directory\n`);
    return false;
  }
  if (yield* isTooOpen(p, path, node)) return false;
  const identity = identityAt(p, path);
  if (identity === undefined) {
    yield* sys.printError(p, `Error loading key "${path}": error in libcrypto\n`);
    return false;
  }
  if (!held.some(({ line }) => line === identity.line)) held.push(identity);
  yield* tell(`Identity added: ${path} (${identity.comment})`);
  return true;
}

function* take(t: Tool, held: Identity[], path: string, tell: Tell): Gen<boolean> {
  const identity = identityAt(t.p, path.replace(/\.pub$/, ""));
  const at = held.findIndex(({ line }) => line === identity?.line);
  if (at < 0) {
    yield* sys.printError(t.p, `Could not remove identity "${path}": agent refused operation\n`);
    return false;
  }
  const [gone] = held.splice(at, 1);
  yield* tell(`Identity removed: ${path} ${parsePublicLine(gone!.line)!.type.title} (${gone!.comment})`);
  return true;
}
