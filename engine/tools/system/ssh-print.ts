/** ssh -G: every setting that holds for a host (dump_client_config of readconf.c of OpenSSH 9.2). */

const KEYS = "ssh-ed25519 ecdsa-sha2-nistp256 ecdsa-sha2-nistp384 ecdsa-sha2-nistp521".split(" ");
const HARDWARE = ["sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"];
const RSA = ["rsa-sha2-512", "rsa-sha2-256"];
const certificate = (name: string): string => `${name.replace("@openssh.com", "")}-cert-v01@openssh.com`;
const PLAIN = [...KEYS, ...HARDWARE, ...RSA];
const SIGNATURES = [...PLAIN.map(certificate), ...PLAIN].join(",");

/** Keywords in their order, with what holds where nobody says anything; those without are left out then. */
const SETTINGS: readonly (readonly [keyword: string, value?: string])[] = [
  ["addressfamily", "any"],
  ["batchmode", "no"],
  ["canonicalizefallbacklocal", "yes"],
  ["canonicalizehostname", "false"],
  ["checkhostip", "no"],
  ["compression", "no"],
  ["controlmaster", "false"],
  ["enablesshkeysign", "no"],
  ["clearallforwardings", "no"],
  ["exitonforwardfailure", "no"],
  ["fingerprinthash", "SHA256"],
  ["forwardx11", "no"],
  ["forwardx11trusted", "yes"],
  ["gatewayports", "no"],
  ["gssapiauthentication", "no"],
  ["gssapikeyexchange", "no"],
  ["gssapidelegatecredentials", "no"],
  ["gssapitrustdns", "no"],
  ["gssapirenewalforcesrekey", "no"],
  [
    "gssapikexalgorithms",
    "gss-group14-sha256-,gss-group16-sha512-,gss-nistp256-sha256-,gss-curve25519-sha256-,gss-group14-sha1-,gss-gex-sha1-",
  ],
  ["hashknownhosts", "no"],
  ["hostbasedauthentication", "no"],
  ["identitiesonly", "no"],
  ["kbdinteractiveauthentication", "yes"],
  ["nohostauthenticationforlocalhost", "no"],
  ["passwordauthentication", "yes"],
  ["permitlocalcommand", "no"],
  ["proxyusefdpass", "no"],
  ["pubkeyauthentication", "true"],
  ["requesttty", "auto"],
  ["sessiontype", "default"],
  ["stdinnull", "no"],
  ["forkafterauthentication", "no"],
  ["streamlocalbindunlink", "no"],
  ["stricthostkeychecking", "ask"],
  ["tcpkeepalive", "yes"],
  ["tunnel", "false"],
  ["verifyhostkeydns", "false"],
  ["visualhostkey", "no"],
  ["updatehostkeys", "true"],
  ["enableescapecommandline", "no"],
  ["canonicalizemaxdots", "1"],
  ["connectionattempts", "1"],
  ["forwardx11timeout", "1200"],
  ["numberofpasswordprompts", "3"],
  ["serveralivecountmax", "3"],
  ["serveraliveinterval", "0"],
  ["requiredrsasize", "1024"],
  ["bindaddress"],
  [
    "ciphers",
    "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com",
  ],
  ["controlpath"],
  ["hostkeyalgorithms", SIGNATURES],
  ["hostkeyalias"],
  ["hostbasedacceptedalgorithms", SIGNATURES],
  ["identityagent"],
  [
    "kexalgorithms",
    "sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com,curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,diffie-hellman-group14-sha256",
  ],
  ["casignaturealgorithms", PLAIN.join(",")],
  ["localcommand"],
  ["remotecommand"],
  ["loglevel", "INFO"],
  [
    "macs",
    "umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha1-etm@openssh.com,umac-64@openssh.com,umac-128@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1",
  ],
  ["securitykeyprovider", "internal"],
  ["pubkeyacceptedalgorithms", SIGNATURES],
  ["xauthlocation", "/usr/bin/xauth"],
  ["dynamicforward"],
  ["localforward"],
  ["remoteforward"],
  ["identityfile"],
  ["canonicaldomains", "none"],
  ["certificatefile"],
  ["globalknownhostsfile", "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2"],
  ["userknownhostsfile"],
  ["sendenv"],
  ["setenv"],
  ["logverbose", "none"],
  ["permitremoteopen", "any"],
  ["addkeystoagent", "false"],
  ["forwardagent", "no"],
  ["connecttimeout", "none"],
  ["tunneldevice", "any:any"],
  ["canonicalizePermittedcnames", "none"],
  ["controlpersist", "no"],
  ["escapechar", "~"],
  ["ipqos", "lowdelay throughput"],
  ["rekeylimit", "0 0"],
  ["streamlocalbindmask", "0177"],
  ["syslogfacility", "USER"],
  ["proxycommand"],
  ["proxyjump"],
];

/** Those whose yes and no are true and false. */
const TRUTHS = new Set(
  "canonicalizehostname controlmaster pubkeyauthentication stricthostkeychecking tunnel verifyhostkeydns updatehostkeys addkeystoagent".split(
    " ",
  ),
);
/** Those that are told in capitals, those in seconds. */
const CAPITALS = new Set(["loglevel", "syslogfacility"]);
const TIMES = new Set(["connecttimeout", "serveraliveinterval", "controlpersist", "forwardx11timeout"]);
const USUAL_KEYS = ["rsa", "ecdsa", "ecdsa_sk", "ed25519", "ed25519_sk", "xmss", "dsa"];

/** Seconds of `90`, `1m`, `2h30m`; undefined where it is no time. */
export function secondsOf(text: string): number | undefined {
  if (!/^(\d+[smhdw]?)+$/i.test(text)) return undefined;
  let sum = 0;
  for (const [, count, unit = "s"] of text.matchAll(/(\d+)([smhdw]?)/gi))
    sum += Number(count) * ({ m: 60, h: 3600, d: 86_400, w: 604_800 }[unit.toLowerCase()] ?? 1);
  return sum;
}

function shown(keyword: string, value: string): string {
  if (TRUTHS.has(keyword)) {
    const lower = value.toLowerCase();
    return lower === "yes" ? "true" : lower === "no" || lower === "off" ? "false" : value;
  }
  if (CAPITALS.has(keyword)) return value.toUpperCase();
  if (TIMES.has(keyword)) return String(secondsOf(value) ?? value);
  return value;
}

/** `8080:db:80` as it is told: both ends with their ports apart. */
function forwardText(text: string): string {
  const [, from = "", host = "", port = ""] = /^(?:(.*?)(?::|\s+))?([^:\s]+):(\d+)$/.exec(text) ?? [];
  return host === "" ? text : `${from} [${host}]:${port}`;
}

/** The lines of -G. `found`: what is set, by keyword; `home`: of who asks. */
export function configText(
  who: { host: string; user: string; hostname: string; port: number },
  found: ReadonlyMap<string, readonly string[]>,
  home: string,
): string {
  const lines = [`host ${who.host}`, `user ${who.user}`, `hostname ${who.hostname}`, `port ${who.port}`];
  for (const [keyword, usual] of SETTINGS) {
    const given = found.get(keyword);
    if (keyword === "identityfile")
      for (const file of given ?? USUAL_KEYS.map((name) => `~/.ssh/id_${name}`)) lines.push(`${keyword} ${file}`);
    else if (keyword === "userknownhostsfile")
      lines.push(`${keyword} ${given?.[0] ?? `${home}/.ssh/known_hosts ${home}/.ssh/known_hosts2`}`);
    else if (keyword === "localforward" || keyword === "remoteforward")
      for (const each of given ?? []) lines.push(`${keyword} ${forwardText(each)}`);
    else if (given !== undefined) for (const each of given) lines.push(`${keyword} ${shown(keyword, each)}`);
    else if (usual !== undefined) lines.push(`${keyword} ${usual}`);
  }
  return `${lines.join("\n")}\n`;
}
