/** ssh_config(5): which values hold for a host. The first value that is found for a keyword wins. */
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { userByUid } from "../../machine/users.ts";
import { textOf } from "../../network/hosts.ts";
import { globRegex } from "../../text/glob.ts";

/** Keywords of which something follows here; the second list is taken and has no effect. */
const KNOWN = "hostname user port identityfile connecttimeout loglevel requesttty remotecommand".split(" ");
const TAKEN =
  "addkeystoagent addressfamily batchmode bindaddress bindinterface canonicaldomains canonicalizehostname certificatefile checkhostip ciphers clearallforwardings compression connectionattempts controlmaster controlpath controlpersist dynamicforward enableescapecommandline enablesshkeysign escapechar exitonforwardfailure fingerprinthash forkafterauthentication forwardagent forwardx11 forwardx11timeout forwardx11trusted gatewayports globalknownhostsfile gssapiauthentication gssapidelegatecredentials hashknownhosts hostbasedauthentication hostkeyalgorithms hostkeyalias identitiesonly identityagent ignoreunknown ipqos kbdinteractiveauthentication kexalgorithms knownhostscommand localcommand localforward logverbose macs nohostauthenticationforlocalhost numberofpasswordprompts passwordauthentication permitlocalcommand permitremoteopen pkcs11provider preferredauthentications proxycommand proxyjump proxyusefdpass pubkeyacceptedalgorithms pubkeyacceptedkeytypes pubkeyauthentication rekeylimit remoteforward requiredrsasize revokedhostkeys sendenv serveralivecountmax serveraliveinterval sessiontype setenv stdinnull streamlocalbindmask streamlocalbindunlink stricthostkeychecking syslogfacility tcpkeepalive tunnel tunneldevice updatehostkeys userknownhostsfile verifyhostkeydns visualhostkey xauthlocation".split(
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
export function settingsFor(
  p: Process,
  host: string,
  given: readonly string[],
  userFile: string | undefined,
): Settings {
  const found = new Map<string, string[]>();
  const add = (key: string, value: string) => {
    const values = found.get(key);
    if (values === undefined) found.set(key, [value]);
    else if (key === "identityfile") values.push(value);
  };
  for (const option of given) {
    const [key, value] = pair(option);
    if (!KNOWN.includes(key) && !TAKEN.includes(key))
      throw new ConfigError(`command-line: line 0: Bad configuration option: ${key}`);
    if (value === "") throw new ConfigError(`command-line line 0: no argument after keyword "${key}"`);
    add(key, value);
  }
  if (userFile !== undefined) {
    if (userFile === "none") return found;
    if (sys.find(p, userFile) === undefined)
      throw new ConfigError(`Can't open user config file ${userFile}: No such file or directory`);
    take(p, userFile, host, add);
    return found;
  }
  const home = userByUid(p.ns.mnt, p.cred.uid)?.home ?? "/";
  for (const file of [`${home}/.ssh/config`, "/etc/ssh/ssh_config"])
    if (sys.find(p, file)?.kind === "file") take(p, file, host, add);
  return found;
}

/** `Keyword value`, `Keyword=value`; the value may stand in quotes. */
function pair(line: string): [key: string, value: string] {
  const match = /^\s*([^\s=]+)\s*=?\s*(.*?)\s*$/.exec(line);
  return [(match?.[1] ?? "").toLowerCase(), (match?.[2] ?? "").replace(/^"(.*)"$/, "$1")];
}

function take(p: Process, file: string, host: string, add: (key: string, value: string) => void): void {
  const bad: string[] = [];
  let applies = true;
  for (const [at, line] of textOf(p, file).split("\n").entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const [key, value] = pair(line);
    if (key === "host") applies = matches(host, value.split(/\s+/));
    else if (key === "match") applies = /^(all|final all)$/i.test(value) || hostOfMatch(value, host);
    else if (key === "include") {
      const home = userByUid(p.ns.mnt, p.cred.uid)?.home ?? "/";
      const path = value.replace(/^~/, home).replace(/^(?!\/)/, `${home}/.ssh/`);
      if (applies && sys.find(p, path)?.kind === "file") take(p, path, host, add);
    } else if (!KNOWN.includes(key) && !TAKEN.includes(key))
      bad.push(`${file}: line ${at + 1}: Bad configuration option: ${key}`);
    else if (value === "") bad.push(`${file} line ${at + 1}: no argument after keyword "${key}"`);
    else if (key === "port" && !/^\d+$/.test(value)) bad.push(`${file} line ${at + 1}: Bad port '${value}'.`);
    else if (applies) add(key, value);
  }
  if (bad.length > 0)
    throw new ConfigError(`${bad.join("\n")}\n${file}: terminating, ${bad.length} bad configuration options`);
}

/** `Match host PATTERNS`, the condition that people use besides `all`. */
function hostOfMatch(value: string, host: string): boolean {
  const [, patterns] = /^(?:original)?host\s+(\S+)$/i.exec(value) ?? [];
  return patterns !== undefined && matches(host, patterns.split(","));
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
