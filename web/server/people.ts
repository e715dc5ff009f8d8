import { nanoid } from "nanoid";
import type { Language } from "../protocol.ts";

const COOKIE = "kubetude";
const YEAR_S = 365 * 24 * 3600;

function cookie(header: string | undefined, name: string): string | undefined {
  for (const part of header?.split(";") ?? []) {
    const [key, value] = part.trim().split("=");
    if (key === name) return value;
  }
  return undefined;
}

/** Who asks: an anonymous learner, known by an opaque cookie. Undefined for one who has none yet. */
export function personOf(cookies: string | undefined): string | undefined {
  const id = cookie(cookies, COOKIE);
  return id !== undefined && /^[\w-]{21}$/.test(id) ? id : undefined;
}

/** A new learner, and the header that makes the browser remember. */
export function newPerson(secure: boolean): { id: string; setCookie: string } {
  const id = nanoid();
  const flags = `Path=/; Max-Age=${YEAR_S}; HttpOnly; SameSite=Lax${secure ? "; Secure" : ""}`;
  return { id, setCookie: `${COOKIE}=${id}; ${flags}` };
}

/** The language a page was switched to, else the first one the browser asks for that there is. */
export function languageOf(cookies: string | undefined, accepted: string | undefined): Language {
  const chosen = cookie(cookies, "language");
  if (chosen === "ko" || chosen === "en") return chosen;
  for (const part of accepted?.toLowerCase().split(",") ?? []) {
    const language = part.trim().slice(0, 2);
    if (language === "ko" || language === "en") return language;
  }
  return "en";
}
