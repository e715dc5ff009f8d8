import type { Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import type { Process, Program } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { ALPINE_OFFERS, type Offered } from "./catalogue.ts";
import { download, keepIndex, place, placed, takeAway, unreachable } from "./mirror.ts";

const HOST = "dl-cdn.alpinelinux.org";
const RECORDS = "/lib/apk/db/added";
const INDEX = "/var/cache/apk/APKINDEX.tar.gz";
/** What an Alpine image begins with. */
const BASE = 15;

/** Fetches both indices; says what goes wrong in apk's words. */
function* fetchIndices(p: Process): Gen<boolean> {
  const release =
    /^(\d+\.\d+)/.exec(sys.find(p, "/etc/alpine-release") ? sys.readText(p, "/etc/alpine-release") : "")?.[1] ?? "3.21";
  const urls = ["main", "community"].map((part) => `https://${HOST}/alpine/v${release}/${part}`);
  let well = true;
  for (const url of urls) {
    yield* sys.print(p, `fetch ${url}/x86_64/APKINDEX.tar.gz\n`);
    const why = yield* unreachable(p, HOST, 443);
    if (why === undefined) {
      yield* download(400);
      continue;
    }
    const words = why === "resolve" ? "DNS lookup error" : "temporary error (try again later)";
    yield* sys.printError(p, `WARNING: fetching ${url}: ${words}\n`);
    well = false;
  }
  return well;
}

const hasIndex = (p: Process): boolean => sys.find(p, INDEX) !== undefined;

function* add(p: Process, names: readonly string[], fresh: boolean): Gen<number> {
  const known = fresh || !hasIndex(p) ? yield* fetchIndices(p) : true;
  const have = new Set(placed(p, RECORDS));
  const wanted: Offered[] = [];
  const missing: string[] = [];
  for (const text of names) {
    const name = text.replace(/[=<>~@].*$/, "");
    const one = known ? ALPINE_OFFERS.get(name) : undefined;
    if (one === undefined && !have.has(name)) missing.push(name);
    else if (one !== undefined && !have.has(name) && !wanted.includes(one)) wanted.push(one);
  }
  if (missing.length > 0) {
    yield* sys.printError(
      p,
      `ERROR: unable to select packages:\n${missing.map((name) => `  ${name} (no such package):\n    required by: world[${name}]\n`).join("")}`,
    );
    return missing.length;
  }
  const why = wanted.length > 0 ? yield* unreachable(p, HOST, 443) : undefined;
  for (const [i, one] of wanted.entries()) {
    yield* sys.print(p, `(${i + 1}/${wanted.length}) Installing ${one.name} (${one.version})\n`);
    if (why !== undefined) {
      const words = why === "resolve" ? "DNS lookup error" : "temporary error (try again later)";
      yield* sys.printError(p, `ERROR: ${one.name}-${one.version}: ${words}\n`);
      return 1;
    }
    yield* download(one.size);
    try {
      place(p, one, RECORDS);
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* sys.printError(
        p,
        `ERROR: Failed to create usr/bin: ${error.message}\nERROR: ${one.name}-${one.version}: ${error.message}\n`,
      );
      return 1;
    }
  }
  if (wanted.length > 0) yield* sys.print(p, "Executing busybox-1.37.0-r12.trigger\n");
  yield* total(p);
  return 0;
}

function* total(p: Process): Gen {
  const added = placed(p, RECORDS).map((name) => ALPINE_OFFERS.get(name)?.size ?? 0);
  const mebibytes = Math.round(7 + added.reduce((sum, size) => sum + size, 0) / 1024);
  yield* sys.print(p, `OK: ${mebibytes} MiB in ${BASE + added.length} packages\n`);
}

/** apk 2.14 of Alpine Linux: packages of programs that are known here, from a mirror that must be reached. */
export const apk: Program = function* (p): Gen<number> {
  const words = p.argv.slice(1);
  const plain = words.filter(
    (word, i) => !word.startsWith("-") && !["-X", "--repository", "-t", "--virtual"].includes(words[i - 1] ?? ""),
  );
  const [verb, ...names] = plain;
  if (words.includes("--version") || words.includes("-V")) {
    yield* sys.print(p, "apk-tools 2.14.6, compiled for x86_64.\n");
    return 0;
  }
  const changes = ["add", "del", "update", "upgrade"].includes(verb ?? "");
  if (changes && p.cred.uid !== 0) {
    yield* sys.printError(
      p,
      "ERROR: Unable to lock database: Permission denied\nERROR: Failed to open apk database: Permission denied\n",
    );
    return 99;
  }
  switch (verb) {
    case "add":
      return yield* add(
        p,
        names,
        words.some((word) => /^(-U|--update|--update-cache|--no-cache)$/.test(word)),
      );
    case "update":
      if (!(yield* fetchIndices(p))) {
        yield* sys.printError(p, "2 unavailable, 0 stale; 15 distinct packages available\n");
        return 2;
      }
      keepIndex(p, INDEX);
      yield* sys.print(p, `OK: ${ALPINE_OFFERS.size} distinct packages available\n`);
      return 0;
    case "upgrade":
      yield* total(p);
      return 0;
    case "del": {
      const have = placed(p, RECORDS);
      const gone = names.filter((name) => have.includes(name)).map((name) => ALPINE_OFFERS.get(name)!);
      for (const [i, one] of gone.entries()) {
        yield* sys.print(p, `(${i + 1}/${gone.length}) Purging ${one.name} (${one.version})\n`);
        takeAway(p, one, RECORDS);
      }
      yield* total(p);
      return 0;
    }
    case "info":
    case "list": {
      const all = [
        "alpine-baselayout",
        "alpine-keys",
        "apk-tools",
        "busybox",
        "ca-certificates-bundle",
        "libcrypto3",
        "libssl3",
        "musl",
        "zlib",
        ...placed(p, RECORDS),
      ].sort();
      const shown =
        names.filter((name) => !name.startsWith("-")).length > 0 ? all.filter((name) => names.includes(name)) : all;
      yield* sys.print(p, shown.map((name) => `${name}\n`).join(""));
      return shown.length > 0 ? 0 : 1;
    }
    case "search":
      yield* sys.print(
        p,
        [...ALPINE_OFFERS.values()]
          .filter(({ name }) => names.some((word) => name.includes(word)))
          .map(({ name, version }) => `${name}-${version}\n`)
          .join(""),
      );
      return 0;
    default:
      yield* sys.print(
        p,
        "apk-tools 2.14.6, compiled for x86_64.\n\nusage: apk [<OPTIONS>...] COMMAND [<ARGUMENTS>...]\n",
      );
      return 1;
  }
};
