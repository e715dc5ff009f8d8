/** ssh_config(5): which values hold for a host. The first value that is found for a keyword wins. */
import type { Gen } from "../../kernel/index.ts";
import { exitCode, type Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { userByUid } from "../../machine/users.ts";
import { textOf } from "../../network/hosts.ts";
import { globRegex } from "../../text/glob.ts";
import { secondsOf } from "./ssh-print.ts";

/** Keywords of which something follows here; the second list is taken and has no effect. */
const KNOWN =
  "hostname user port identityfile connecttimeout loglevel requesttty remotecommand proxyjump proxycommand localforward remoteforward gatewayports exitonforwardfailure sessiontype stdinnull sendenv setenv identitiesonly".split(
    " ",
  );
/** Keywords that may be there several times, and count each time. */
const MANY = new Set(["identityfile", "localforward", "remoteforward", "sendenv", "setenv"]);
const TAKEN =
  "addkeystoagent addressfamily batchmode bindaddress bindinterface canonicaldomains canonicalizehostname certificatefile checkhostip ciphers clearallforwardings compression connectionattempts controlmaster controlpath controlpersist dynamicforward enableescapecommandline enablesshkeysign escapechar fingerprinthash forkafterauthentication forwardagent forwardx11 forwardx11timeout forwardx11trusted globalknownhostsfile gssapiauthentication gssapidelegatecredentials hashknownhosts hostbasedauthentication hostkeyalgorithms hostkeyalias identityagent ignoreunknown ipqos kbdinteractiveauthentication kexalgorithms knownhostscommand localcommand logverbose macs nohostauthenticationforlocalhost numberofpasswordprompts passwordauthentication permitlocalcommand permitremoteopen pkcs11provider preferredauthentications proxyusefdpass pubkeyacceptedalgorithms pubkeyacceptedkeytypes pubkeyauthentication rekeylimit requiredrsasize revokedhostkeys serveralivecountmax serveraliveinterval streamlocalbindmask streamlocalbindunlink stricthostkeychecking syslogfacility tcpkeepalive tunnel tunneldevice updatehostkeys userknownhostsfile verifyhostkeydns visualhostkey xauthlocation".split(
    " ",
  );

/** Values by keyword in lower case, in the order in which they were found. */
export type Settings = ReadonlyMap<string, readonly string[]>;

/** A file that cannot be taken: what ssh prints before it ends with 255. */
export class ConfigError extends Error {}

/**
 * What -o, then -F or the user's file, then the system's say for a host as it was typed. Throws `ConfigError` for a file
 * that is not there, and for keywords and values that are none.
 */
export function* settingsFor(
  p: Process,
  host: string,
  user: string,
  given: readonly string[],
  userFile: string | undefined,
): Gen<Settings> {
  const found = new Map<string, string[]>();
  const asked: Asked = { host, user, found };
  const add = (key: string, value: string) => {
    const values = found.get(key);
    if (values === undefined) found.set(key, [value]);
    else if (MANY.has(key)) values.push(value);
  };
  for (const option of given) {
    const [key, value] = pair(option);
    if (!KNOWN.includes(key) && !TAKEN.includes(key))
      throw new ConfigError(`command-line: line 0: Bad configuration option: ${key}`);
    if (value === "") throw new ConfigError(`command-line line 0: no argument after keyword "${key}"`);
    const wrong = complaint(key, value);
    if (wrong !== undefined) throw new ConfigError(`command-line line 0: ${wrong}`);
    add(key, value);
  }
  if (userFile !== undefined) {
    if (userFile === "none") return found;
    if (sys.find(p, userFile) === undefined)
      throw new ConfigError(`Can't open user config file ${userFile}: No such file or directory`);
    yield* take(p, userFile, asked, add);
    return found;
  }
  const home = userByUid(p.ns.mnt, p.cred.uid)?.home ?? "/";
  for (const file of [`${home}/.ssh/config`, "/etc/ssh/ssh_config"])
    if (sys.find(p, file)?.kind === "file") yield* take(p, file, asked, add);
  return found;
}

const YES_NO = ["yes", "no", "true", "false"];

/** Values of keywords that take no others. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  stricthostkeychecking: [...YES_NO, "ask", "off", "accept-new"],
  batchmode: YES_NO,
  compression: YES_NO,
  identitiesonly: YES_NO,
  passwordauthentication: YES_NO,
  tcpkeepalive: YES_NO,
  exitonforwardfailure: YES_NO,
  requesttty: [...YES_NO, "force", "auto"],
  addressfamily: ["inet", "inet6", "any"],
};
const LEVELS = /^(quiet|fatal|error|info|verbose|debug[123]?)$/i;

/** What is wrong with a value (process_config_line_depth of readconf.c). */
function complaint(key: string, value: string): string | undefined {
  if (key === "port" && !(/^\d+$/.test(value) && Number(value) > 0 && Number(value) < 65_536))
    return `Bad port '${value}'.`;
  const words = WORDS[key];
  if (words !== undefined && !words.includes(value.toLowerCase())) return `unsupported option "${value}".`;
  if (/^(connecttimeout|serveraliveinterval)$/.test(key) && value !== "none" && secondsOf(value) === undefined)
    return "invalid time value.";
  if (/^(numberofpasswordprompts|connectionattempts|serveralivecountmax)$/.test(key) && !/^\d+$/.test(value))
    return "integer value invalid.";
  if (key === "loglevel" && !LEVELS.test(value)) return `unsupported log level '${value}'`;
  return undefined;
}

/** `Keyword value`, `Keyword=value`; the value may stand in quotes. */
function pair(line: string): [key: string, value: string] {
  const match = /^\s*([^\s=]+)\s*=?\s*(.*?)\s*$/.exec(line);
  return [(match?.[1] ?? "").toLowerCase(), (match?.[2] ?? "").replace(/^"(.*)"$/, "$1")];
}

/** Who is asked about, and what is known so far. */
interface Asked {
  host: string;
  /** Whom the command line names, or who asks. */
  user: string;
  found: Settings;
}

function* take(p: Process, file: string, asked: Asked, add: (key: string, value: string) => void): Gen<void> {
  const bad: string[] = [];
  let applies = true;
  for (const [at, line] of textOf(p, file).split("\n").entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const [key, value] = pair(line);
    if (key === "host") applies = matches(asked.host, value.split(/\s+/));
    else if (key === "match") applies = yield* fits(p, file, at + 1, value, asked);
    else if (key === "include") {
      const home = userByUid(p.ns.mnt, p.cred.uid)?.home ?? "/";
      const path = value.replace(/^~/, home).replace(/^(?!\/)/, `${home}/.ssh/`);
      if (applies && sys.find(p, path)?.kind === "file") yield* take(p, path, asked, add);
    } else if (!KNOWN.includes(key) && !TAKEN.includes(key))
      bad.push(`${file}: line ${at + 1}: Bad configuration option: ${key}`);
    else if (value === "") bad.push(`${file} line ${at + 1}: no argument after keyword "${key}"`);
    else if (complaint(key, value) !== undefined) bad.push(`${file} line ${at + 1}: ${complaint(key, value)}`);
    else if (applies) add(key, value);
  }
  if (bad.length > 0)
    throw new ConfigError(`${bad.join("\n")}\n${file}: terminating, ${bad.length} bad configuration options`);
}

/** The conditions of a `Match` line, all of which must hold (ssh_config(5)). Throws `ConfigError`. */
function* fits(p: Process, file: string, line: number, value: string, asked: Asked): Gen<boolean> {
  const words = [...value.matchAll(/"([^"]*)"|([^\s=,"]+(?:,[^\s"]+)*)/g)].map((match) => match[1] ?? match[2]!);
  const own = userByUid(p.ns.mnt, p.cred.uid)?.name ?? "root";
  const { host, found } = asked;
  const name = found.get("hostname")?.[0]?.replaceAll("%h", host) ?? host;
  const user = found.get("user")?.[0] ?? asked.user;
  let all = true;
  for (let i = 0; i < words.length; i++) {
    const not = words[i]!.startsWith("!");
    const key = words[i]!.replace(/^!/, "").toLowerCase();
    let holds: boolean;
    // What is read once only is neither canonical nor final.
    if (key === "all") holds = true;
    else if (key === "canonical" || key === "final") holds = key === "final";
    else {
      const argument = words[++i];
      if (argument === undefined) throw new ConfigError(`${file} line ${line}: missing argument for Match '${key}'`);
      if (key === "host") holds = matches(name, argument.split(","));
      else if (key === "originalhost") holds = matches(host, argument.split(","));
      else if (key === "user") holds = matches(user, argument.split(","));
      else if (key === "localuser") holds = matches(own, argument.split(","));
      else if (key === "exec") {
        const tokens: Readonly<Record<string, string>> = {
          "%": "%",
          h: name,
          n: host,
          p: found.get("port")?.[0] ?? "22",
          r: user,
          u: own,
          l: p.ns.uts.hostname,
          L: p.ns.uts.hostname.split(".")[0]!,
        };
        holds =
          all &&
          (yield* succeeds(
            p,
            argument.replace(/%(.)/g, (text, letter) => tokens[letter] ?? text),
          ));
      } else throw new ConfigError(`${file} line ${line}: Unsupported Match attribute ${key}`);
    }
    all &&= holds !== not;
  }
  return all;
}

function* succeeds(p: Process, command: string): Gen<boolean> {
  const nowhere = sys.openFile(p, "/dev/null", { read: true, write: true });
  const fds = new Map([0, 1, 2].map((fd) => [fd, nowhere]));
  const child = yield* sys.spawn(p, "/bin/sh", { argv: ["sh", "-c", command], fds });
  return exitCode((yield* sys.waitFor(p, child))!.status) === 0;
}

/** One pattern fits, and none behind a `!` does (ssh_config(5), PATTERNS). */
function matches(host: string, patterns: readonly string[]): boolean {
  let hit = false;
  for (const pattern of patterns) {
    const not = pattern.startsWith("!");
    if (!globRegex(not ? pattern.slice(1) : pattern).test(host)) continue;
    if (not) return false;
    hit = true;
  }
  return hit;
}
