/** What wget's command line and its configuration ask for (src/main.c, src/init.c). */
import type { Process } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { OptionError, type ParsedOptions, parseOptions } from "../../options.ts";

/** Letters of two (`-nv`) are one option each; here they have a key of their own. */
const PAIRS: Readonly<Record<string, string>> = {
  nv: "no-verbose",
  nc: "no-clobber",
  nd: "no-directories",
  np: "no-parent",
  nH: "no-host-directories",
};

const PLAIN =
  "accept-regex-none adjust-extension=E auth-no-challenge background=b content-disposition content-on-error continue=c convert-links=k debug=d delete-after follow-ftp force-directories=x force-html=F html-extension=E https-only ignore-case ignore-length inet4-only=4 inet6-only=6 keep-session-cookies level-none mirror=m no-cache no-check-certificate no-clobber no-config no-cookies no-directories no-dns-cache no-glob no-host-directories no-hsts no-http-keep-alive no-if-modified-since no-iri no-netrc no-parent no-passive-ftp no-proxy no-remove-listing no-use-server-timestamps no-verbose no-warc-compression page-requisites=p protocol-directories quiet=q random-wait recursive=r relative=L retry-connrefused retry-on-host-error server-response=S show-progress span-hosts=H spider timestamping=N trust-server-names unlink verbose=v version=V help=h";

const VALUED =
  "accept=A append-output=a base=B backups-none bind-address body-data body-file ca-certificate ca-directory certificate certificate-type ciphers compression config connect-timeout cut-dirs default-page directory-prefix=P dns-timeout domains=D exclude-directories=X exclude-domains execute=e header http-password http-user include-directories=I input-file=i level=l limit-rate load-cookies local-encoding max-redirect method output-document=O output-file=o password post-data post-file prefer-family private-key progress proxy-password proxy-user quota=Q read-timeout referer reject=R remote-encoding restrict-file-names retry-on-http-error save-cookies secure-protocol start-pos timeout=T tries=t user user-agent=U wait=w waitretry";

const entry = (words: string, sign: string): string =>
  words
    .split(" ")
    .filter((word) => !word.endsWith("-none"))
    .map((word) => {
      const [name, key = name] = word.split("=");
      return `${name}${sign}=${key}`;
    })
    .join(" ");

const SPEC = {
  short: "bdvqFcNSx4E6HLrkKmpVhB:o:a:i:t:O:T:w:Q:P:U:l:A:R:D:I:X:e:n:",
  long: `${entry(PLAIN, "")} ${entry(VALUED, ":")} backups::=backups`,
  standard: false,
};

export class WgetUsage extends Error {}

/** Throws `WgetUsage`. */
export function parseWget(p: Process, args: readonly string[]): ParsedOptions {
  try {
    const first = parseOptions(args.flatMap(spelled), SPEC);
    const more = [...configuration(p, first), ...first.values("e")].flatMap(commandWords);
    return more.length === 0 ? first : parseOptions([...more, ...args.flatMap(spelled)], SPEC);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    throw new WgetUsage(error.message);
  }
}

/** `-nv`, `-nvq` and their like in long words. */
function spelled(arg: string): string[] {
  const match = /^-n([vcdpH]+)$/.exec(arg);
  return match ? [...match[1]!].map((letter) => `--${PAIRS[`n${letter}`]}`) : [arg];
}

/** Lines of ~/.wgetrc, or of the file that WGETRC names. */
function configuration(p: Process, o: ParsedOptions): string[] {
  if (o.has("no-config")) return [];
  const path = o.value("config") ?? p.env.get("WGETRC") ?? `${p.env.get("HOME") ?? ""}/.wgetrc`;
  if (sys.find(p, path)?.kind !== "file") return [];
  return sys
    .readText(p, path)
    .split("\n")
    .filter((line) => /^\s*[^#\s]/.test(line));
}

/** Commands of the configuration by another name than the option's. */
const COMMANDS: Readonly<Record<string, string>> = {
  outputdocument: "output-document",
  dirprefix: "directory-prefix",
  useragent: "user-agent",
  checkcertificate: "no-check-certificate",
  httpuser: "http-user",
  httppassword: "http-password",
};

/** `output_document = x` as the option that says it. What wget would not do here, robots for one, says nothing. */
function commandWords(line: string): string[] {
  const [, name = "", value = ""] = /^\s*([^=\s]+)\s*=?\s*(.*?)\s*$/.exec(line) ?? [];
  const plain = name.toLowerCase().replace(/[-_]/g, "");
  const off = /^(?:off|no|0)$/i.test(value);
  const long = COMMANDS[plain] ?? name.toLowerCase().replaceAll("_", "-");
  if (plain === "checkcertificate") return off ? ["--no-check-certificate"] : [];
  const known = (words: string) => words.split(" ").some((word) => word.split("=")[0] === long);
  if (known(VALUED)) return [`--${long}=${value}`];
  return known(PLAIN) && !off ? [`--${long}`] : [];
}

/** `1.5m`, `2h`: seconds. Undefined where it is no time. */
export function secondsOf(text: string): number | undefined {
  const match = /^(\d*\.?\d+)([smhdw]?)$/.exec(text);
  if (match === null) return /^(?:inf|infinity)$/i.test(text) ? 0 : undefined;
  return Number(match[1]) * { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }[match[2] || "s"]!;
}
