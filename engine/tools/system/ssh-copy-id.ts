import type { Gen } from "../../kernel/index.ts";
import { exitCode } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { userByUid } from "../../machine/users.ts";
import { type Tool, tool } from "../tool.ts";
import { KEY_TYPES } from "./ssh-key-format.ts";

/** ssh-copy-id(1): adds public keys to the other side's authorized_keys, over ssh. */
export const sshCopyId = tool(
  {
    name: "ssh-copy-id",
    usage:
      "[-h|-?|-f|-n|-s] [-i [identity_file]] [-p port] [-F alternative ssh_config file] [[-o <ssh -o options>] ...] [user@]hostname",
    about: "",
    version: "ssh-copy-id",
    short: "fnsi:p:F:o:h",
    standard: false,
  },
  function* (t, o) {
    const { p } = t;
    const [host] = o.operands;
    const home = userByUid(p.ns.mnt, p.cred.uid)?.home ?? "/root";
    const given = o.value("i");
    const candidates =
      given === undefined
        ? KEY_TYPES.map(({ file }) => `${home}/.ssh/${file}.pub`)
        : [given.endsWith(".pub") ? given : `${given}.pub`];
    const path = candidates.find((one) => sys.find(p, one) !== undefined);
    if (host === undefined) {
      yield* sys.printError(
        p,
        "Usage: /usr/bin/ssh-copy-id [-h|-?|-f|-n|-s] [-i [identity_file]] [-p port] [-F alternative ssh_config file] [[-o <ssh -o options>] ...] [user@]hostname\n",
      );
      return 1;
    }
    if (path === undefined) {
      yield* sys.printError(
        p,
        given === undefined
          ? "\n/usr/bin/ssh-copy-id: ERROR: No identities found\n\n"
          : `\n/usr/bin/ssh-copy-id: ERROR: failed to open ID file '${given}': No such file or directory\n\n`,
      );
      return 1;
    }
    const line = sys.readText(p, path).trim();
    const info = (text: string) => sys.printError(p, `/usr/bin/ssh-copy-id: INFO: ${text}\n`);
    yield* info(`Source of key(s) to be installed: "${path}"`);
    yield* info("attempting to log in with the new key(s), to filter out any that are already installed");
    const there = yield* remote(t, host, `grep -qxF '${line}' ~/.ssh/authorized_keys 2>/dev/null`);
    if (there === 255) return 1;
    if (there === 0 && !o.has("f")) {
      yield* sys.printError(
        p,
        "\n/usr/bin/ssh-copy-id: WARNING: All keys were skipped because they already exist on the remote system.\n\t\t(if you think this is a mistake, you may want to use -f option)\n\n",
      );
      return 0;
    }
    yield* info("1 key(s) remain to be installed -- if you are prompted now it is to install the new keys");
    const status = yield* remote(t, host, `umask 077; mkdir -p ~/.ssh && echo '${line}' >> ~/.ssh/authorized_keys`);
    if (status !== 0) return 1;
    t.out.add(
      `\nNumber of key(s) added: 1\n\nNow try logging into the machine, with:   "ssh '${host}'"\nand check to make sure that only the key(s) you wanted were added.\n\n`,
    );
    return 0;
  },
);

function* remote(t: Tool, host: string, command: string): Gen<number> {
  yield* t.out.flush();
  const child = yield* sys.spawn(t.p, "/usr/bin/ssh", { argv: ["ssh", host, command] });
  return exitCode((yield* sys.waitFor(t.p, child))!.status);
}
