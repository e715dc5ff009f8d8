import { ipAddress, ipv4 } from "../validation/names.ts";

const DATE = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;
const DATE_TIME =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
const HOST = /^[a-zA-Z0-9]([a-zA-Z0-9-]{0,62})?(\.[a-zA-Z0-9-]{1,63})*\.?$/;
const isIPv6 = (text: string) => text.includes(":") && ipAddress(text).length === 0;

/** Known, but not judged here. */
const MORE = new Set(["isbn", "isbn10", "isbn13", "creditcard", "ssn", "rgbcolor", "password"]);

/** Whole, or by its beginning where it is the longest of its kind. */
const UNIT = /^(ns$|nano|us$|µs$|micro|ms$|milli|s$|sec|m$|min|h$|hr$|hour|d$|day|w$|week$|wk)/i;

/** Formats that the server judges; any other says nothing (apiextensions-apiserver pkg/apiserver/validation/formats.go). */
const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  bsonobjectid: (text) => /^[0-9a-fA-F]{24}$/.test(text),
  uri: (text) => /^(\/|[a-zA-Z][a-zA-Z0-9+.-]*:)\S*$/.test(text),
  email: (text) => /^[^\s@<>]+@[^\s@<>]+$/.test(text),
  hostname: (text) => text.length <= 255 && HOST.test(text),
  ipv4,
  ipv6: isIPv6,
  cidr: (text) => {
    const [address = "", bits = "", ...more] = text.split("/");
    if (more.length > 0 || !/^\d{1,3}$/.test(bits)) return false;
    return ipv4(address) ? Number(bits) <= 32 : isIPv6(address) && Number(bits) <= 128;
  },
  mac: (text) => /^([0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}$/.test(text),
  uuid: (text) => /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(text),
  uuid3: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text),
  uuid4: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i.test(text),
  uuid5: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i.test(text),
  hexcolor: (text) => /^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/.test(text),
  byte: (text) => text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text),
  date: (text) => DATE.test(text),
  datetime: (text) => DATE_TIME.test(text),
  // Go's own durations, and any text that has a number and a unit somewhere in it (strfmt/duration.go).
  duration: (text) =>
    /^[-+]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/.test(text) ||
    [...text.matchAll(/\d+\s*([A-Za-zµ]+)/g)].some(([, unit]) => UNIT.test(unit!)),
};

/** Formats of which something is said; of all others upstream forgets that they were given. */
export function knownFormat(format: string): boolean {
  return format !== "" && (Object.hasOwn(FORMATS, format.replaceAll("-", "")) || MORE.has(format.replaceAll("-", "")));
}

export function formatAccepts(format: string, text: string): boolean {
  return FORMATS[format.replaceAll("-", "")]?.(text) ?? true;
}
