/** Formats of names and values, each check answers upstream's complaints (apimachinery pkg/util/validation); none: good. */

const QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const LABEL_1123 = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN_1123 = `${LABEL_1123}(\\.${LABEL_1123})*`;
const LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?";
const ENV_NAME = "[-._a-zA-Z][-._a-zA-Z0-9]*";
const CONFIG_KEY = "[-._a-zA-Z0-9]+";
const PERCENT = "[0-9]+%";
const HTTP_HEADER = "[-A-Za-z0-9]+";
const C_IDENTIFIER = "[A-Za-z_][A-Za-z0-9_]*";

const whole = (pattern: string) => new RegExp(`^(?:${pattern})$`);
const qualifiedRe = whole(QUALIFIED);
const labelValueRe = whole(`(${QUALIFIED})?`);
const label1123Re = whole(LABEL_1123);
const subdomainRe = whole(SUBDOMAIN_1123);
const label1035Re = whole(LABEL_1035);
const envNameRe = whole(ENV_NAME);
const configKeyRe = whole(CONFIG_KEY);
const percentRe = whole(PERCENT);
const httpHeaderRe = whole(HTTP_HEADER);
const cIdentifierRe = whole(C_IDENTIFIER);

/** Texts longer than this are not matched at all: they are too long anyway. */
const MATCH_LIMIT = 4096;

function matches(re: RegExp, text: string): boolean {
  return text.length <= MATCH_LIMIT && re.test(text);
}

function regexError(message: string, pattern: string, ...examples: string[]): string {
  if (examples.length === 0) return `${message} (regex used for validation is '${pattern}')`;
  return `${message} (e.g. ${examples.map((e) => `'${e}', `).join(" or ")}regex used for validation is '${pattern}')`;
}

const maxLength = (length: number) => `must be no more than ${length} characters`;

export const inRange = (from: number, to: number): string => `must be between ${from} and ${to}, inclusive`;

/** `app` or `example.com/app`: keys of labels and annotations, finalizers, conditions. */
export function qualifiedName(text: string): string[] {
  const known = qualified.get(text);
  if (known) return known;
  const errors = checkQualifiedName(text);
  if (errors.length === 0) remember(qualified, text, errors);
  return errors;
}

const qualified = new Map<string, string[]>();

function remember(cache: Map<string, string[]>, key: string, value: string[]): void {
  if (cache.size >= 2048) cache.clear();
  cache.set(key, value);
}

function checkQualifiedName(text: string): string[] {
  const errors: string[] = [];
  const parts = text.split("/");
  const wrong = regexError(
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    QUALIFIED,
    "MyName",
    "my.name",
    "123-abc",
  );
  if (parts.length > 2) {
    return [`a qualified name ${wrong} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const name = parts.at(-1)!;
  if (parts.length === 2) {
    const prefix = parts[0]!;
    if (prefix === "") errors.push("prefix part must be non-empty");
    else for (const message of dns1123Subdomain(prefix)) errors.push(`prefix part ${message}`);
  }
  if (name === "") errors.push("name part must be non-empty");
  else if (name.length > 63) errors.push(`name part ${maxLength(63)}`);
  if (!matches(qualifiedRe, name)) errors.push(`name part ${wrong}`);
  return errors;
}

export function labelValue(text: string): string[] {
  const errors: string[] = [];
  if (text.length > 63) errors.push(maxLength(63));
  if (!matches(labelValueRe, text)) {
    errors.push(
      regexError(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        `(${QUALIFIED})?`,
        "MyValue",
        "my_value",
        "12345",
      ),
    );
  }
  return errors;
}

export function dns1123Label(text: string): string[] {
  const errors: string[] = [];
  if (text.length > 63) errors.push(maxLength(63));
  if (!matches(label1123Re, text)) {
    if (matches(subdomainRe, text)) errors.push("must not contain dots");
    else {
      errors.push(
        regexError(
          "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
          LABEL_1123,
          "my-name",
          "123-abc",
        ),
      );
    }
  }
  return errors;
}

export function dns1123Subdomain(text: string): string[] {
  const errors: string[] = [];
  if (text.length > 253) errors.push(maxLength(253));
  if (!matches(subdomainRe, text)) {
    errors.push(
      regexError(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
        SUBDOMAIN_1123,
        "example.com",
      ),
    );
  }
  return errors;
}

export function dns1035Label(text: string): string[] {
  const errors: string[] = [];
  if (text.length > 63) errors.push(maxLength(63));
  if (!matches(label1035Re, text)) {
    errors.push(
      regexError(
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
        LABEL_1035,
        "my-name",
        "abc-123",
      ),
    );
  }
  return errors;
}

/** Names of RBAC objects and other path segments (apimachinery pkg/api/validation/path). */
export function pathSegment(text: string): string[] {
  if (text === "." || text === "..") return [`may not be '${text}'`];
  const errors: string[] = [];
  for (const part of ["/", "%"]) if (text.includes(part)) errors.push(`may not contain '${part}'`);
  return errors;
}

export function portName(text: string): string[] {
  const errors: string[] = [];
  if (text.length > 15) errors.push(maxLength(15));
  if (!/^[-a-z0-9]+$/.test(text)) {
    errors.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  }
  if (!/[a-z]/.test(text)) errors.push("must contain at least one letter (a-z)");
  if (text.includes("--")) errors.push("must not contain consecutive hyphens");
  if (text.startsWith("-") || text.endsWith("-")) errors.push("must not begin or end with a hyphen");
  return errors;
}

export function portNumber(port: number): string[] {
  return port >= 1 && port <= 65535 ? [] : [inRange(1, 65535)];
}

/** Environment variable names: any printable ASCII but `=` (RelaxedEnvironmentVariableValidation is on in 1.32). */
export function envVarName(text: string): string[] {
  const errors: string[] = [];
  if (text === "") errors.push("environment variable name must be non-empty");
  if (!/^[ -<>-~]*$/.test(text)) {
    errors.push("a valid environment variable name must consist only of printable ASCII characters other than '='");
  }
  return errors;
}

/** The stricter names of envFrom prefixes. */
export function strictEnvVarName(text: string): string[] {
  const errors: string[] = [];
  if (!matches(envNameRe, text)) {
    errors.push(
      regexError(
        "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
        ENV_NAME,
        "my.env-name",
        "MY_ENV.NAME",
        "MyEnvName1",
      ),
    );
  }
  return [...errors, ...changesDirectory(text)];
}

export function cIdentifier(text: string): string[] {
  if (matches(cIdentifierRe, text)) return [];
  return [
    regexError(
      "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
      C_IDENTIFIER,
      "my_name",
      "MY_NAME",
      "MyName",
    ),
  ];
}

export function configMapKey(text: string): string[] {
  const errors: string[] = [];
  if (text.length > 253) errors.push(maxLength(253));
  if (!matches(configKeyRe, text)) {
    errors.push(
      regexError(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        CONFIG_KEY,
        "key.name",
        "KEY_NAME",
        "key-name",
      ),
    );
  }
  return [...errors, ...changesDirectory(text)];
}

function changesDirectory(text: string): string[] {
  if (text === ".") return ["must not be '.'"];
  if (text === "..") return ["must not be '..'"];
  return text.startsWith("..") ? ["must not start with '..'"] : [];
}

export function percent(text: string): string[] {
  if (matches(percentRe, text)) return [];
  return [
    regexError("a valid percent string must be a numeric string followed by an ending '%'", PERCENT, "1%", "93%"),
  ];
}

export function httpHeaderName(text: string): string[] {
  if (matches(httpHeaderRe, text)) return [];
  return [
    regexError("a valid HTTP header must consist of alphanumeric characters or '-'", HTTP_HEADER, "X-Header-Name"),
  ];
}

const IP_HELP = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

export function ipv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((p) => /^[0-9]{1,3}$/.test(p) && Number(p) <= 255);
}

function ipv6(text: string): boolean {
  if (!/^[0-9a-fA-F:.]+$/.test(text)) return false;
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const groups = halves.flatMap((h) => (h === "" ? [] : h.split(":")));
  let count = 0;
  for (let i = 0; i < groups.length; i++) {
    if (i === groups.length - 1 && ipv4(groups[i]!)) count += 2;
    else if (/^[0-9a-fA-F]{1,4}$/.test(groups[i]!)) count++;
    else return false;
  }
  return halves.length === 2 ? count < 8 : count === 8;
}

export function ipAddress(text: string): string[] {
  return ipv4(text) || ipv6(text) ? [] : [IP_HELP];
}

/** A name of which an end is still to be generated: a trailing dash is fine then. */
export function maskTrailingDash(name: string): string {
  return name.length > 1 && name.endsWith("-") ? `${name.slice(0, -2)}a` : name;
}

/** Said of what is no range of addresses. */
export const CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

/** A range of addresses, `10.0.0.0/8`. */
export function isCidr(text: string): boolean {
  const [address = "", bits = "", ...more] = text.split("/");
  if (more.length > 0 || !/^\d{1,3}$/.test(bits) || ipAddress(address).length > 0) return false;
  return Number(bits) <= (ipv4(address) ? 32 : 128);
}
