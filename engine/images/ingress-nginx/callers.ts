/** Who a request comes from and what it brings: origin, address, cookies, user and password. */
import type { KubeObject } from "../../api/types.ts";
import { decode, decodeBase64 } from "../../kernel/index.ts";
import { passwordFits } from "../../pki/crypt.ts";

/** Whether pages of an origin may ask: any, or one of a list with `*` for a first label (template buildCorsOriginRegex). */
export function allowsOrigin(allowed: string, origin: string | undefined): boolean {
  if (allowed === "*") return true;
  const fits = (one: string): boolean => {
    const star = one.indexOf("*.");
    if (star < 0) return one === origin;
    const [head, tail] = [one.slice(0, star), one.slice(star + 1)];
    const label = origin?.slice(head.length, -tail.length) ?? "";
    return origin?.startsWith(head) === true && origin.endsWith(tail) && /^[A-Za-z0-9-]+$/.test(label);
  };
  return allowed.split(",").some((one) => fits(one.trim()));
}

/** A cookie of a request. */
export function cookieOf(headers: Readonly<Record<string, string>>, name: string): string | undefined {
  for (const part of (headers["cookie"] ?? "").split(";")) {
    const equals = part.indexOf("=");
    if (part.slice(0, equals).trim() === name) return part.slice(equals + 1).trim();
  }
  return undefined;
}

function credentialsIn(header: string | undefined): [string, string] | undefined {
  const match = /^Basic (\S+)$/i.exec(header ?? "");
  const text = match === null ? undefined : decode(decodeBase64(match[1]!) ?? new Uint8Array(0));
  const colon = text?.indexOf(":") ?? -1;
  return text === undefined || colon < 0 ? undefined : [text.slice(0, colon), text.slice(colon + 1)];
}

/** The user of a Basic header. */
export const userOf = (header: string | undefined): string | undefined => credentialsIn(header)?.[0];

/** Whether a user and password are those of a Secret: its key `auth` is an htpasswd file, or (auth-map) each key a user. */
export function isKnown(header: string | undefined, secret: KubeObject, byUser: boolean): boolean {
  const given = credentialsIn(header);
  if (given === undefined) return false;
  const [user, password] = given;
  const value = (key: string) => decode(decodeBase64(secret["data"]?.[key] ?? "") ?? new Uint8Array(0));
  if (byUser) return secret["data"]?.[user] !== undefined && passwordFits(password, value(user).trim());
  for (const line of value("auth").split("\n")) {
    const [name, stored] = line.trim().split(":");
    if (name === user && stored !== undefined) return passwordFits(password, stored);
  }
  return false;
}
