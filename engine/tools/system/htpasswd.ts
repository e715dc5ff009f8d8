import { sha1 } from "@noble/hashes/legacy.js";
import { decode, encode, encodeBase64, type Gen } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { md5Crypt, passwordFits, shaCrypt } from "../../pki/crypt.ts";
import { OptionError, type ParsedOptions, parseOptions } from "../options.ts";

const SALT = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const USAGE = `Usage:
	htpasswd [-cimB25dpsDv] [-C cost] [-r rounds] passwordfile username
	htpasswd -b[cmB25dpsDv] [-C cost] [-r rounds] passwordfile username password

	htpasswd -n[imB25dps] [-C cost] [-r rounds] username
	htpasswd -nb[mB25dps] [-C cost] [-r rounds] username password
`;
/** Exit statuses (support/passwd_common.h). */
const [FILE, SYNTAX, VERIFICATION, BAD_USER] = [1, 2, 3, 6];

class Wrong extends Error {
  readonly status: number;

  constructor(status: number, text: string) {
    super(text);
    this.status = status;
  }
}

/** htpasswd of Apache: users and hashes of their passwords in a file. */
export const htpasswd: Program = function* (p) {
  let o: ParsedOptions;
  try {
    o = parseOptions(p.argv.slice(1), { short: "+bcimB25dpsDvnC:r:", standard: false });
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    const letter = /'(.)'/.exec(error.message)?.[1] ?? "";
    yield* sys.printError(p, `htpasswd: illegal option -- ${letter}\n${USAGE}`);
    return SYNTAX;
  }
  try {
    return yield* work(p, o);
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    yield* sys.printError(p, error.message);
    return error.status;
  }
};

function* work(p: Process, o: ParsedOptions): Gen<number> {
  if (["c", "n", "v", "D"].filter((each) => o.has(each)).length > 1)
    throw new Wrong(SYNTAX, "htpasswd: only one of -c -n -v -D may be specified\n");
  const names = [...(o.has("n") ? [] : ["file"]), "user", ...(o.has("b") ? ["password"] : [])];
  if (o.operands.length !== names.length) throw new Wrong(SYNTAX, USAGE);
  const given = (name: string): string => o.operands[names.indexOf(name)] ?? "";
  const [file, user] = [given("file"), given("user")];
  if (user.includes(":")) throw new Wrong(BAD_USER, "htpasswd: username contains illegal character ':'\n");
  const exists = !o.has("n") && sys.find(p, file) !== undefined;
  if (!o.has("n") && !o.has("c") && !exists)
    throw new Wrong(FILE, `htpasswd: cannot modify file ${file}; use '-c' to create it\n`);
  const lines = exists && !o.has("c") ? sys.readText(p, file).split("\n").filter(Boolean) : [];
  const at = lines.findIndex((line) => line.startsWith(`${user}:`));
  if (o.has("D")) {
    yield* sys.printError(p, at < 0 ? `User ${user} not found\n` : `Deleting password for user ${user}\n`);
    if (at >= 0) store(p, file, lines.toSpliced(at, 1));
    return 0;
  }
  if (o.has("v") && at < 0) throw new Wrong(BAD_USER, `User ${user} not found\n`);
  const password = o.has("b") ? given("password") : yield* asked(p, o);
  if (o.has("v")) {
    if (!passwordFits(password, lines[at]!.slice(user.length + 1)))
      throw new Wrong(VERIFICATION, "password verification failed\n");
    yield* sys.printError(p, `Password for user ${user} correct.\n`);
    return 0;
  }
  const line = `${user}:${yield* hashed(p, o, password)}`;
  if (o.has("n")) {
    yield* sys.print(p, `${line}\n\n`);
    return 0;
  }
  store(p, file, at < 0 ? [...lines, line] : lines.toSpliced(at, 1, line));
  yield* sys.printError(p, `${at < 0 ? "Adding" : "Updating"} password for user ${user}\n`);
  return 0;
}

function store(p: Process, file: string, lines: readonly string[]): void {
  try {
    sys.writeText(p, file, lines.map((line) => `${line}\n`).join(""), 0o644);
  } catch {
    throw new Wrong(FILE, `htpasswd: cannot create file ${file}\n`);
  }
}

/** The password from the input: once with -i or -v, else twice, without echo on a terminal. */
function* asked(p: Process, o: ParsedOptions): Gen<string> {
  const tty = p.fds.get(0)?.tty;
  let rest = "";
  const line = function* (prompt: string): Gen<string> {
    if (!o.has("i")) yield* sys.printError(p, prompt);
    const echo = tty?.termios.echo;
    if (tty) tty.termios.echo = false;
    try {
      while (!rest.includes("\n")) {
        const bytes = yield* sys.read(p, 0);
        if (bytes.length === 0) break;
        rest += decode(bytes);
      }
    } finally {
      if (tty && echo !== undefined) tty.termios.echo = echo;
    }
    const end = rest.includes("\n") ? rest.indexOf("\n") : rest.length;
    const found = rest.slice(0, end);
    rest = rest.slice(end + 1);
    if (tty && !o.has("i")) yield* sys.printError(p, "\n");
    return found;
  };
  if (o.has("i")) return yield* line("");
  if (o.has("v")) return yield* line("Enter password: ");
  const first = yield* line("New password: ");
  if (first !== (yield* line("Re-type new password: ")))
    throw new Wrong(VERIFICATION, "htpasswd: password verification error\n");
  return first;
}

function* hashed(p: Process, o: ParsedOptions, password: string): Gen<string> {
  const random = p.machine.kernel.random("htpasswd");
  const salt = (length: number) => Array.from({ length }, () => SALT[random.int(0, SALT.length - 1)]).join("");
  const kind = o.last(..."mB25dps")?.key ?? "m";
  if (kind === "B" || kind === "d")
    throw new Wrong(
      SYNTAX,
      `htpasswd: ${kind === "B" ? "BCRYPT" : "CRYPT"} algorithm not supported on this platform.\n`,
    );
  if (kind === "p") {
    yield* sys.printError(p, "Warning: storing passwords as plain text might just not work on this platform.\n");
    return password;
  }
  if (kind === "s") return `{SHA}${encodeBase64(sha1(encode(password)))}`;
  const rounds = o.value("r");
  if (kind === "m") return md5Crypt(password, salt(8), "$apr1$");
  const setting = `${rounds === undefined ? "" : `rounds=${rounds}$`}${salt(16)}`;
  return shaCrypt(password, setting, kind === "2" ? "5" : "6");
}
