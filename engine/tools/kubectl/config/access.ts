/** Changing kubeconfig files (client-go tools/clientcmd/config.go ModifyConfig). */
import { isErrno } from "../../../machine/errno.ts";
import { normalize } from "../../../machine/path.ts";
import * as sys from "../../../machine/sys.ts";
import { toYaml } from "../../../text/yaml.ts";
import { KubectlError } from "../errors.ts";
import { goErrno } from "../go-errno.ts";
import type { Invocation } from "../invocation.ts";
import {
  asValue,
  configPaths,
  type Loaded,
  loadAll,
  loadFile,
  NOTHING,
  SECTIONS,
  type Section,
  type Stanza,
  withPaths,
} from "./loaded.ts";
import { type Fields, writeStruct } from "./schema.ts";

/** The files of a run of `kubectl config`, and what they say together. */
export class ConfigAccess {
  readonly paths: readonly string[];
  private readonly explicit: boolean;

  constructor(private readonly k: Invocation) {
    const flag = k.flags.string("kubeconfig");
    this.explicit = flag !== "";
    this.paths = configPaths(k.p, flag);
  }

  /** Paths in it are as they stand in the files. A file that is not there is empty. */
  load(): Loaded {
    return loadAll(this.k.p, this.paths).config;
  }

  /** Where new things go: the first file there is, else the last of the list. */
  get defaultFile(): string {
    return this.paths.find((path) => sys.find(this.k.p, path) !== undefined) ?? this.paths.at(-1)!;
  }

  /** Writes what differs between what the files say and `next`, each thing to the file it is from. */
  modify(next: Loaded, options: { relativize: boolean; preferences?: boolean }): void {
    const locked = [...this.paths].sort();
    const mine: string[] = [];
    try {
      for (const path of locked) {
        this.lock(path);
        mine.push(path);
      }
      this.write(next, options);
    } finally {
      for (const path of mine) sys.unlink(this.k.p, `${path}.lock`);
    }
  }

  private write(next: Loaded, options: { relativize: boolean; preferences?: boolean }): void {
    const now = this.load();
    if (now.currentContext !== next.currentContext) this.writeCurrentContext(next.currentContext);
    if (options.preferences || !sameStruct("Preferences", now.preferences, next.preferences)) {
      this.writePreferences(next.preferences);
    }
    const sections: Section[] = ["clusters", "contexts", "users"];
    for (const section of sections) {
      for (const [name, stanza] of next[section]) {
        const before = now[section].get(name);
        if (before !== undefined && sameStruct(SECTIONS[section].stanza, before.fields, stanza.fields)) continue;
        const file = stanza.origin || this.defaultFile;
        const turn = options.relativize && section !== "contexts";
        const fields = turn ? this.relative(stanza.fields, file) : stanza.fields;
        this.change(file, section, (map) => map.set(name, { origin: file, fields }));
      }
    }
    for (const section of sections) {
      for (const [name, { origin }] of now[section]) {
        if (next[section].has(name)) continue;
        this.change(origin || this.defaultFile, section, (map) => map.delete(name));
      }
    }
  }

  private change(file: string, section: Section, edit: (map: Map<string, Stanza>) => void): void {
    const config = loadFile(this.k.p, file) ?? NOTHING;
    const map = new Map(config[section]);
    edit(map);
    this.save(file, { ...config, [section]: map });
  }

  private writeCurrentContext(name: string): void {
    if (this.explicit || name !== "") {
      const file = this.defaultFile;
      this.save(file, { ...(loadFile(this.k.p, file) ?? NOTHING), currentContext: name });
      return;
    }
    // Cleared where it is set.
    for (const file of this.paths) {
      const config = loadFile(this.k.p, file);
      if (config === undefined || config.currentContext === "") continue;
      this.save(file, { ...config, currentContext: name });
      return;
    }
    throw new KubectlError("no config found to write context");
  }

  private writePreferences(preferences: Fields): void {
    const file = this.paths.find(
      (path) => !sameStruct("Preferences", (loadFile(this.k.p, path) ?? NOTHING).preferences, preferences),
    );
    const target = file ?? this.paths[0]!;
    this.save(target, { ...(loadFile(this.k.p, target) ?? NOTHING), preferences });
  }

  private save(file: string, config: Loaded): void {
    this.makeDirectory(file);
    try {
      sys.writeText(this.k.p, file, toYaml(asValue(config)), 0o600);
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new KubectlError(`open ${file}: ${goErrno(error.code, error.message)}`);
    }
  }

  /** Makes `FILE.lock`, which nobody else may have. */
  private lock(file: string): void {
    this.makeDirectory(file);
    const lock = `${file}.lock`;
    if (sys.find(this.k.p, lock) !== undefined) throw new KubectlError(`open ${lock}: file exists`);
    try {
      sys.writeText(this.k.p, lock, "", 0);
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new KubectlError(`open ${lock}: ${goErrno(error.code, error.message)}`);
    }
  }

  private makeDirectory(file: string): void {
    const parts = file.split("/").slice(0, -1);
    for (let i = 1; i <= parts.length; i++) {
      const dir = parts.slice(0, i).join("/");
      if (dir === "" || sys.find(this.k.p, dir) !== undefined) continue;
      try {
        sys.mkdir(this.k.p, dir, 0o755);
      } catch (error) {
        if (!isErrno(error)) throw error;
        throw new KubectlError(`mkdir ${dir}: ${goErrno(error.code, error.message)}`);
      }
    }
  }

  /** Paths below the file's directory are written from there; others stay whole. */
  private relative(fields: Fields, file: string): Fields {
    const base = directoryOf(this.k.p.cwd, file);
    return withPaths(fields, (path) => {
      if (path === "") return path;
      const whole = path.startsWith("/") ? normalize("/", path) : normalize(base, path);
      if (whole === base) return ".";
      const prefix = base === "/" ? "/" : `${base}/`;
      return whole.startsWith(prefix) ? whole.slice(prefix.length) : path.startsWith("/") ? path : whole;
    });
  }
}

/** The directory that a file's relative paths are from. */
export function directoryOf(cwd: string, file: string): string {
  const whole = normalize(cwd, file);
  return whole.slice(0, whole.lastIndexOf("/")) || "/";
}

function sameStruct(name: Parameters<typeof writeStruct>[0], a: Fields, b: Fields): boolean {
  return JSON.stringify(writeStruct(name, a)) === JSON.stringify(writeStruct(name, b));
}
