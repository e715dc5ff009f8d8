/** Configuration files of openssl (config(5)) and the extensions they and `-addext` ask for (x509v3_config(5)). */

import { sha1 } from "@noble/hashes/legacy.js";
import { encode } from "../../kernel/index.ts";
import { bits, boolean, der, integer, octets, oid, parse, sequence, TAG } from "../../pki/der.ts";
import {
  type Attribute,
  type CertificateDocument,
  type DistinguishedName,
  type Extension,
  nameDer,
} from "../../pki/documents.ts";
import { OID } from "../../pki/oids.ts";
import { Failure } from "./command.ts";
import { oidNamed } from "./oids.ts";

/** Sections by name, each with its lines in order; what stands before the first has the name "default". */
export type Config = ReadonlyMap<string, readonly (readonly [string, string])[]>;

export function parseConfig(source: string): Config {
  const sections = new Map<string, [string, string][]>([["default", []]]);
  let current = sections.get("default")!;
  for (const raw of source.replace(/\\\r?\n/g, "").split(/\r?\n/)) {
    const line = raw.replace(/(^|\s)#.*$/, "").trim();
    const head = /^\[\s*(.*?)\s*\]$/.exec(line);
    if (head) {
      const name = head[1]!;
      current = sections.get(name) ?? [];
      sections.set(name, current);
      continue;
    }
    const equals = line.indexOf("=");
    if (equals < 1) continue;
    const value = line.slice(equals + 1).trim();
    current.push([line.slice(0, equals).trim(), value.replace(/^(["'])(.*)\1$/, "$2")]);
  }
  return sections;
}

export function setting(config: Config, section: string, name: string): string | undefined {
  const own = config.get(section)?.findLast(([key]) => key === name)?.[1];
  return own ?? config.get("default")?.findLast(([key]) => key === name)?.[1];
}

/** A setting with `$name` and `${section::name}` put in. */
export function expanded(config: Config, section: string, name: string): string | undefined {
  const value = setting(config, section, name);
  return value?.replace(
    /\$(?:\{(?:([^:}]+)::)?(\w+)\}|(?:(\w+)::)?(\w+))/g,
    (_all, s1, n1, s2, n2) => expanded(config, s1 ?? s2 ?? section, n1 ?? n2) ?? "",
  );
}

/** ASN.1 string type of an attribute's value (a_strnid.c). */
export function attribute(id: string, value: string): Attribute {
  const printable = ["2.5.4.6", "2.5.4.5", "2.5.4.46"].includes(id);
  const ia5 = id === "1.2.840.113549.1.9.1" || id === "0.9.2342.19200300.100.1.25";
  return { oid: id, value, tag: printable ? TAG.printableString : ia5 ? 0x16 : TAG.utf8String };
}

/** The name that a section of attributes spells; `1.O` and `O_2` are further values of O. */
export function nameOf(config: Config, section: string): DistinguishedName {
  return (config.get(section) ?? []).map(([key, value]) => {
    const name = key.replace(/^[^.]*[.:]/, "").replace(/_\d+$/, "");
    const id = oidNamed(name);
    if (id === undefined) throw new Failure(`Error adding attribute\n`);
    return [attribute(id, value)];
  });
}

/** Keys that extensions are computed from. */
export interface Subjects {
  /** Bits of the subject's public key. */
  own: Uint8Array;
  issuer?: CertificateDocument | undefined;
  /** Bits of the issuer's public key. */
  issuerKey: Uint8Array;
}

const USAGES = [
  "digitalSignature",
  "nonRepudiation",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
];

/** SHA-1 of a public key's bits (RFC 5280, 4.2.1.2). */
export function keyIdentifier(publicBits: Uint8Array): Uint8Array {
  return sha1(publicBits);
}

/** An extension of `name=value`; undefined when it comes to nothing. Throws Failure. */
export function makeExtension(name: string, text: string, subjects: Subjects, config: Config): Extension | undefined {
  const critical = /^critical\s*(,|$)/.test(text);
  const value = critical ? text.replace(/^critical\s*,?/, "").trim() : text.trim();
  const id = oidNamed(name);
  const failed = () => new Failure(`Error checking extension ${name}=${text}\n`);
  if (id === undefined) throw failed();
  const body = extensionValue(name, id, value, subjects, config, failed);
  return body && { oid: id, critical, value: body };
}

function extensionValue(
  name: string,
  id: string,
  value: string,
  subjects: Subjects,
  config: Config,
  failed: () => Failure,
): Uint8Array | undefined {
  const items = value.split(",").map((item) => item.trim());
  switch (id) {
    case OID.basicConstraints: {
      const ca = items.some((item) => /^CA\s*:\s*(TRUE|true|yes|YES|y|1)$/.test(item));
      if (!items.every((item) => /^(CA\s*:|pathlen\s*:)/i.test(item))) throw failed();
      const length = items.map((item) => /^pathlen\s*:\s*(\d+)$/i.exec(item)?.[1]).find((one) => one !== undefined);
      return sequence(...(ca ? [boolean(true)] : []), ...(length === undefined ? [] : [integer(Number(length))]));
    }
    case OID.keyUsage:
      return keyUsage(items, failed);
    case OID.extendedKeyUsage:
      return sequence(
        ...items.map((item) => {
          const dotted = oidNamed(item);
          if (dotted === undefined) throw failed();
          return oid(dotted);
        }),
      );
    case OID.subjectAltName:
    case "2.5.29.18":
      return sequence(...altNames(value, config, failed));
    case OID.subjectKeyId:
      return value === "none" ? undefined : octets(value === "hash" ? keyIdentifier(subjects.own) : fromHex(value));
    case OID.authorityKeyId:
      return value === "none" ? undefined : authority(items, subjects);
    case "2.16.840.1.113730.1.13":
      return der(0x16, encode(value));
    default: {
      const utf8 = /^ASN1:(?:UTF8|UTF8String):(.*)$/.exec(value);
      if (utf8) return der(TAG.utf8String, encode(utf8[1]!));
      if (/^DER:/.test(value)) return fromHex(value.slice(4));
      throw new Failure(`Error checking extension ${name}=${value}\n`);
    }
  }
}

function fromHex(hex: string): Uint8Array {
  const digits = hex.replaceAll(":", "");
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function keyUsage(items: readonly string[], failed: () => Failure): Uint8Array {
  const set = [0, 0];
  let last = 0;
  for (const item of items) {
    const bit = USAGES.indexOf(item);
    if (bit < 0) throw failed();
    set[bit >> 3]! |= 0x80 >> (bit & 7);
    last = Math.max(last, bit);
  }
  return bits(Uint8Array.from(set.slice(0, (last >> 3) + 1)), 7 - (last & 7));
}

const NAME_TAGS: Readonly<Record<string, number>> = {
  email: 0x81,
  DNS: 0x82,
  URI: 0x86,
  IP: 0x87,
  RID: 0x88,
  dirName: 0xa4,
};

function altNames(value: string, config: Config, failed: () => Failure): Uint8Array[] {
  const section = /^@(.*)$/.exec(value)?.[1];
  const pairs: (readonly [string, string])[] =
    section === undefined
      ? value.split(",").map((item) => {
          const colon = item.indexOf(":");
          return [item.slice(0, Math.max(0, colon)).trim(), item.slice(colon + 1).trim()] as const;
        })
      : [...(config.get(section) ?? [])].map(([key, one]) => [key.replace(/\.\d+$/, ""), one] as const);
  if (section !== undefined && !config.has(section)) throw failed();
  return pairs.map(([kind, one]) => {
    const tag = NAME_TAGS[kind];
    if (tag === undefined) throw failed();
    if (tag === 0x87) return der(tag, address(one, failed));
    if (tag === 0x88) return der(tag, parse(oid(one))[0]!.content);
    if (tag === 0xa4) return der(tag, nameDer(nameOf(config, one)));
    return der(tag, encode(one));
  });
}

function address(text: string, failed: () => Failure): Uint8Array {
  if (/^\d+(\.\d+){3}$/.test(text)) return Uint8Array.from(text.split(".").map(Number));
  if (!text.includes(":")) throw failed();
  const [head = "", tail] = text.split("::");
  const words = (part: string) => (part === "" ? [] : part.split(":").map((word) => Number.parseInt(word, 16)));
  const [left, right] = [words(head), tail === undefined ? [] : words(tail)];
  const all = [...left, ...new Array<number>(Math.max(0, 8 - left.length - right.length)).fill(0), ...right];
  return Uint8Array.from(all.flatMap((word) => [word >> 8, word & 0xff]));
}

function authority(items: readonly string[], { issuer, issuerKey }: Subjects): Uint8Array {
  const known = issuer?.extensions.find((one) => one.oid === OID.subjectKeyId);
  const keyId = known ? parse(known.value)[0]!.content : keyIdentifier(issuerKey);
  const parts: Uint8Array[] = [];
  if (items.some((item) => item.startsWith("keyid"))) parts.push(der(0x80, keyId));
  if (issuer && items.some((item) => item === "issuer:always")) {
    parts.push(der(0xa1, der(0xa4, nameDer(issuer.issuer))), der(0x82, issuer.serial));
  }
  return sequence(...parts);
}
