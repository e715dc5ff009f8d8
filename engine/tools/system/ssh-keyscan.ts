/** ssh-keyscan(1): the keys by which machines are known. */
import { hmac } from "@noble/hashes/hmac.js";
import { sha1 } from "@noble/hashes/legacy.js";
import { decode, encode, SECOND } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { encodeBase64 } from "../text/jq/formats.ts";
import { tool } from "../tool.ts";
import { dial } from "./ssh.ts";
import { FrameReader, frame, type OpenRequest } from "./ssh-protocol.ts";

const USAGE =
  "usage: ssh-keyscan [-46cDHqv] [-f file] [-O option] [-p port] [-T timeout]\n                   [-t type] [host | addrlist namelist]\n";

export const sshKeyscan = tool(
  {
    name: "ssh-keyscan",
    usage:
      "[-46cDHqv] [-f file] [-O option] [-p port] [-T timeout]\n                   [-t type] [host | addrlist namelist]",
    about: "",
    version: "OpenSSH_9.2p1",
    short: "46cDHqvf:O:p:T:t:",
    standard: false,
  },
  function* (t, o) {
    const { p } = t;
    const file = o.value("f");
    const named = file === undefined ? [] : sys.readText(p, file).split("\n");
    const hosts = [...o.operands, ...named.filter((line) => line !== "" && !line.startsWith("#"))];
    if (hosts.length === 0) {
      yield* sys.printError(p, USAGE);
      return 1;
    }
    const port = Number(o.value("p") ?? 22);
    const types = o.value("t")?.split(",");
    const random = p.machine.kernel.random("ssh-keyscan");
    let status = 0;
    for (const host of hosts.flatMap((word) => word.trim().split(/\s+/)[0]!.split(","))) {
      const socket = yield* dial(p, { user: "", host, port, timeout: Number(o.value("T") ?? 5) * SECOND });
      if (typeof socket === "string") {
        if (/resolve/.test(socket)) yield* sys.printError(p, `getaddrinfo ${host}: ${socket.replace(/^.*: /, "")}\n`);
        status = 1;
        continue;
      }
      const request: OpenRequest = { user: "", keys: [], scan: true };
      socket.output.push(frame("open", request));
      const answer = yield* new FrameReader(socket).next();
      socket.close();
      if (answer === undefined || answer === "interrupted") continue;
      const [banner, ...lines] = decode(answer.bytes).split("\n");
      for (const line of lines) {
        const wire = line.split(" ")[0]!;
        if (types !== undefined && !types.some((type) => wire.includes(type === "rsa" ? "ssh-rsa" : type))) continue;
        if (!o.has("q")) {
          yield* t.out.flush();
          yield* sys.printError(p, `# ${host}:${port} ${banner}\n`);
        }
        const shown = port === 22 ? host : `[${host}]:${port}`;
        const salt = Uint8Array.from({ length: o.has("H") ? 20 : 0 }, () => random.int(0, 255));
        const hashed = `|1|${encodeBase64(salt)}|${encodeBase64(hmac(sha1, salt, encode(shown)))}`;
        t.out.add(`${o.has("H") ? hashed : shown} ${line}\n`);
      }
    }
    return status;
  },
);
