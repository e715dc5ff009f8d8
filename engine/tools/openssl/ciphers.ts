/** openssl ciphers: which suites a list of ciphers means (ssl/ssl_ciph.c). */
import { SUITES } from "./cipher-suites.ts";
import { type Command, errorLine, Failure } from "./command.ts";

interface Suite {
  code: string;
  name: string;
  protocol: string;
  kx: string;
  au: string;
  enc: string;
  mac: string;
  usual: boolean;
}

const ALL: readonly Suite[] = SUITES.trim()
  .split("\n")
  .map((line) => {
    const [code = "", name = "", protocol = "", kx = "", au = "", enc = "", mac = "", star] = line.split(" ");
    return { code, name, protocol, kx, au, enc, mac, usual: star === "*" };
  });

const bitsOf = ({ enc }: Suite) => Number(/\((\d+)\)/.exec(enc)?.[1] ?? 0);

/** Words of a cipher list: each is the suites of one kind. */
const KINDS: Readonly<Record<string, (one: Suite) => boolean>> = {
  ALL: ({ enc }) => enc !== "None",
  COMPLEMENTOFALL: ({ enc }) => enc === "None",
  COMPLEMENTOFDEFAULT: ({ usual, enc }) => !usual && enc !== "None",
  HIGH: (one) => bitsOf(one) >= 128 && !KINDS.MEDIUM!(one),
  // Short tags make a suite less than high.
  MEDIUM: ({ enc }) => /^(SEED|RC4|IDEA|AESCCM8)/.test(enc),
  LOW: () => false,
  aNULL: ({ au }) => au === "None",
  eNULL: ({ enc }) => enc === "None",
  NULL: ({ enc }) => enc === "None",
  kRSA: ({ kx }) => kx === "RSA",
  aRSA: ({ au }) => au === "RSA",
  RSA: ({ kx }) => kx === "RSA",
  kDHE: ({ kx }) => kx === "DH",
  kEDH: ({ kx }) => kx === "DH",
  DH: ({ kx }) => kx === "DH",
  DHE: ({ kx, au }) => kx === "DH" && au !== "None",
  EDH: ({ kx, au }) => kx === "DH" && au !== "None",
  ADH: ({ kx, au }) => kx === "DH" && au === "None",
  kECDHE: ({ kx }) => kx === "ECDH",
  kEECDH: ({ kx }) => kx === "ECDH",
  ECDH: ({ kx }) => kx === "ECDH",
  ECDHE: ({ kx, au }) => kx === "ECDH" && au !== "None",
  EECDH: ({ kx, au }) => kx === "ECDH" && au !== "None",
  AECDH: ({ kx, au }) => kx === "ECDH" && au === "None",
  aECDSA: ({ au }) => au === "ECDSA",
  ECDSA: ({ au }) => au === "ECDSA",
  aDSS: ({ au }) => au === "DSS",
  DSS: ({ au }) => au === "DSS",
  PSK: ({ kx, au }) => /PSK/.test(kx) || au === "PSK",
  kPSK: ({ kx }) => kx === "PSK",
  aPSK: ({ au }) => au === "PSK",
  SRP: ({ kx }) => kx === "SRP",
  AES: ({ enc }) => enc.startsWith("AES"),
  AES128: ({ enc }) => /^AES.*128/.test(enc),
  AES256: ({ enc }) => /^AES.*256/.test(enc),
  AESGCM: ({ enc }) => enc.startsWith("AESGCM"),
  AESCCM: ({ enc }) => enc.startsWith("AESCCM"),
  CHACHA20: ({ enc }) => enc.startsWith("CHACHA20"),
  CAMELLIA: ({ enc }) => enc.startsWith("Camellia"),
  CAMELLIA128: ({ enc }) => enc === "Camellia(128)",
  CAMELLIA256: ({ enc }) => enc === "Camellia(256)",
  ARIA: ({ enc }) => enc.startsWith("ARIA"),
  SHA1: ({ mac }) => mac === "SHA1",
  SHA: ({ mac }) => mac === "SHA1",
  SHA256: ({ mac }) => mac === "SHA256",
  SHA384: ({ mac }) => mac === "SHA384",
  "TLSv1.2": ({ protocol }) => protocol === "TLSv1.2",
  "TLSv1.0": ({ protocol }) => protocol === "TLSv1",
  TLSv1: ({ protocol }) => protocol === "TLSv1",
  SSLv3: ({ protocol }) => protocol === "SSLv3",
};

const isTls13 = ({ protocol }: Suite) => protocol === "TLSv1.3";

function chosen(list: string): Suite[] {
  const pool = ALL.filter((one) => !isTls13(one));
  const killed = new Set<Suite>();
  let active: Suite[] = [];
  for (const word of list.split(/[:, ;]+/)) {
    const [, sign = "", kinds = ""] = /^([-+!]?)(.*)$/.exec(word)!;
    if (kinds === "" || kinds.startsWith("@")) {
      if (kinds === "@STRENGTH") active = active.toSorted((a, b) => bitsOf(b) - bitsOf(a));
      continue;
    }
    if (kinds === "DEFAULT") {
      active = pool.filter((one) => one.usual && !killed.has(one));
      continue;
    }
    const tests = kinds.split("+").map((kind) => KINDS[kind] ?? ((one: Suite) => one.name === kind));
    const meant = (one: Suite) => tests.every((test) => test(one));
    if (sign === "!") for (const one of pool.filter(meant)) killed.add(one);
    if (sign === "!" || sign === "-") active = active.filter((one) => !meant(one));
    else if (sign === "+") active = [...active.filter((one) => !meant(one)), ...active.filter(meant)];
    else active.push(...pool.filter((one) => meant(one) && !killed.has(one) && !active.includes(one)));
  }
  return active;
}

const VERSIONS = ["tls1", "tls1_1", "tls1_2", "tls1_3"] as const;
const FROM = { SSLv3: 0, TLSv1: 0, "TLSv1.2": 2, "TLSv1.3": 3 } as const;

export const ciphers: Command = {
  name: "ciphers",
  operands: true,
  options: {
    v: "-",
    V: "-",
    s: "-",
    tls1: "-",
    tls1_1: "-",
    tls1_2: "-",
    tls1_3: "-",
    stdname: "-",
    ciphersuites: "s",
  },
  *run(o) {
    const list = o.operands[0];
    const found = list === undefined ? ALL.filter((one) => one.usual && !isTls13(one)) : chosen(list);
    if (found.length === 0)
      throw new Failure(
        `Error in cipher list\n${errorLine("0A0000B9:SSL routines:SSL_CTX_set_cipher_list:no cipher match:../ssl/ssl_lib.c:3377:")}`,
      );
    const asked = VERSIONS.findLastIndex((name) => o.on(name));
    let suites = [...ALL.filter(isTls13), ...found];
    if (o.on("s")) {
      suites = suites.filter((one) => {
        const from = FROM[one.protocol as keyof typeof FROM];
        // What needs a key that both know, or a password, is not supported without one.
        const served = !/PSK|SRP/.test(`${one.kx} ${one.au}`);
        return served && (asked < 0 || (asked === 3 ? from === 3 : from <= asked));
      });
    }
    if (!o.on("v") && !o.on("V")) {
      yield* o.print(`${suites.map(({ name }) => name).join(":")}\n`);
      return 0;
    }
    for (const { code, name, protocol, kx, au, enc, mac } of suites) {
      const number = o.on("V") ? `          0x${code.slice(0, 2)},0x${code.slice(2)} - ` : "";
      yield* o.print(
        `${number}${name.padEnd(30)} ${protocol.padEnd(7)} Kx=${kx.padEnd(8)} Au=${au.padEnd(5)} Enc=${enc.padEnd(22)} Mac=${mac.padEnd(4)}\n`,
      );
    }
    return 0;
  },
};
