import { decode, decodeBase64 } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { Fatal, tool } from "../tool.ts";

const ARMOR =
  /-----BEGIN PGP [A-Z ]+-----\r?\n(?:[^\n]*: [^\n]*\n)*\r?\n([A-Za-z0-9+/=\s]*?)\r?\n(?:=[A-Za-z0-9+/]{4}\r?\n)?-----END PGP/;

/** gpg(1), as far as guides use it to keep a repository's key: takes ASCII armour off. */
export const gpg = tool(
  {
    name: "gpg",
    usage: "[options] [filename]",
    about: "",
    version: "gpg (GnuPG) 2.2.40",
    short: "o:vqa",
    long: "dearmor dearmour=dearmor output:=o batch yes quiet=q verbose=v armor=a no-tty no-default-keyring keyring: homedir:",
  },
  function* (t, o) {
    const { p } = t;
    if (!o.has("dearmor")) throw new Fatal("no command supplied. only --dearmor is known here", 2);
    const [file] = o.operands;
    const text = decode(file === undefined ? yield* sys.readAll(p, 0) : sys.readBytes(p, file));
    const body = ARMOR.exec(text)?.[1];
    const bytes = decodeBase64((body ?? "").replace(/\s/g, ""));
    if (body === undefined || bytes === undefined) throw new Fatal("no valid OpenPGP data found.", 2, "");
    const output = o.value("o");
    if (output === undefined || output === "-") {
      yield* sys.write(p, 1, bytes);
      return 0;
    }
    if (sys.find(p, output) !== undefined && !o.has("yes")) {
      if (!o.has("batch")) {
        if (p.tty === undefined) throw new Fatal("cannot open '/dev/tty': No such device or address", 2);
        yield* sys.printError(p, `File '${output}' exists. Overwrite? (y/N) `);
      }
      const answer = o.has("batch") ? "" : decode(yield* sys.read(p, 0));
      if (!/^\s*y/i.test(answer)) throw new Fatal("dearmoring failed: File exists", 2);
    }
    sys.writeText(p, output, bytes, 0o644);
    return 0;
  },
);
