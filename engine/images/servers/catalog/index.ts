import type { HttpRequest } from "../../../api/http.ts";
import type { Process, Program } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { isNetError } from "../../../network/error.ts";
import { alpineTree } from "../../alpine.ts";
import { debianTree } from "../../debian.ts";
import type { ImageDef } from "../../image.ts";
import { DEFAULT_PATH, type Entry, rootfs, SKELETON } from "../../rootfs.ts";
import { answer, say, serving } from "../serving.ts";
import { BOOK_ROWS } from "./books.ts";
import { COMMAND_ROWS } from "./commands.ts";
import { COURSE_ROWS } from "./courses.ts";
import { GREETING_ROWS } from "./greetings.ts";
import { KUBERNETES_ROWS } from "./kubernetes.ts";
import { OPERATOR_ROWS } from "./operators.ts";
import { PLATFORM_ROWS } from "./platforms.ts";
import { PODINFO_ROWS } from "./podinfo.ts";
import type { Row } from "./row.ts";
import { SUITE_ROWS } from "./suites.ts";
import { WEB_ROWS } from "./web.ts";
import { WORKSHOP_ROWS } from "./workshops.ts";

const ROWS: readonly Row[] = [
  ...KUBERNETES_ROWS,
  ...WEB_ROWS,
  ...COURSE_ROWS,
  ...WORKSHOP_ROWS,
  ...BOOK_ROWS,
  ...PLATFORM_ROWS,
  ...SUITE_ROWS,
  ...GREETING_ROWS,
  ...OPERATOR_ROWS,
  ...COMMAND_ROWS,
  ...PODINFO_ROWS,
];

const ANY = /^(latest|main|master|stable|v?\d[\w.+-]*)$/;

function* run(row: Row, p: Process): ReturnType<Program> {
  const reason = row.refuses?.(p);
  if (reason !== undefined) {
    yield* sys.printError(p, reason);
    return row.refusal ?? 1;
  }
  p.rssKib = row.rssKib ?? 12_000;
  const [first, ...others] = row.ports ?? [];
  const flag = p.argv.findIndex((arg) => /^--?(?:(?:secure-)?port|(?:web\.|secure-)listen-address)(=|$)/.test(arg));
  const value = flag < 0 ? p.env.get("PORT") : (p.argv[flag]!.split("=")[1] ?? p.argv[flag + 1]);
  const given = flag < 0 ? value : value?.slice(value.lastIndexOf(":") + 1);
  const port = first !== undefined && given && /^\d+$/.test(given) ? Number(given) : first;
  const out = row.logs ?? 1;
  if (row.log) say(p, out, row.log(p, port ?? 0));
  const page = row.page;
  const ports = port === undefined ? [] : new Set([port, ...others, ...(row.others?.(p) ?? [])]);
  const wanted = [...ports].map((number) => ({
    port: number,
    ...((row.secure === "all" || row.secure?.includes(number)) && { tls: true }),
    ...(page && {
      *http(request: HttpRequest) {
        const made = page(p, request);
        if (row.access) say(p, out, row.access(p, request));
        return typeof made === "string" ? answer(200, made) : made;
      },
    }),
  }));
  try {
    yield* serving(p, wanted, row.stop ?? ["TERM", "INT"]);
  } catch (error) {
    if (!isNetError(error)) throw error;
    yield* sys.printError(p, `listen tcp :${port}: bind: ${error.message}\n`);
    return 1;
  }
  return typeof row.status === "function" ? row.status(p) : (row.status ?? 0);
}

/** Rows of one repository, as of versions that differ, are told apart by their tags. */
const programOf = (row: Row): string => `catalog ${row.names[0]}${row.tags === undefined ? "" : ` ${row.tags.source}`}`;

export const catalogPrograms: Readonly<Record<string, Program>> = Object.fromEntries(
  ROWS.map((row): [string, Program] => [programOf(row), (p) => run(row, p)]),
);

const TREES: Readonly<Record<Row["on"], () => Record<string, Entry>>> = {
  alpine: () => alpineTree("3.21.3"),
  debian: () => debianTree(),
  scratch: () => ({}),
};

export const CATALOG_IMAGES: readonly ImageDef[] = ROWS.map((row) => {
  const command = [row.starts ?? row.runs, ...(row.arguments ?? [])];
  const withHub = (name: string) => (name.split("/")[0]!.includes(".") ? name : `docker.io/${name}`);
  return {
    names: row.names.map(withHub),
    tags: row.tags ?? ANY,
    sizeBytes: row.megabytes * 1_000_000,
    rootfs: () =>
      rootfs(
        SKELETON,
        TREES[row.on](),
        row.files ?? {},
        Object.fromEntries([row.runs, ...(row.also ?? [])].map((path) => [path.slice(1), { program: programOf(row) }])),
      ),
    entrypoint: row.cmd ? [] : command,
    cmd: row.cmd ? command : [],
    env: () => ({ PATH: DEFAULT_PATH, ...row.env }),
    ...(row.user !== undefined && { user: row.user }),
    ...(row.workingDir !== undefined && { workingDir: row.workingDir }),
    ...(row.volumes && { volumes: row.volumes }),
    ...(row.ports && { exposedPorts: row.ports.map((port) => `${port}/tcp`) }),
  };
});
