/** nerdctl images, history, rmi, tag, save, load, push and image prune. */

import { formatTime } from "../../../api/time.ts";
import type { Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import type { NamedImage } from "../../../machine/runtime/index.ts";
import * as sys from "../../../machine/sys.ts";
import { globRegex } from "../../../text/glob.ts";
import { packImages, unpackImages } from "../image-archive.ts";
import { digestOf, dropImage, namedImages, nameImage } from "../named-images.ts";
import { binarySize, humanDuration } from "../units.ts";
import { columns, fill, formatOf, type Nerd, NerdError } from "./context.ts";
import { builtImages } from "./files.ts";
import { historyOf, MADE_MS } from "./image-config.ts";
import { UNPACKED } from "./list.ts";
import { familiar, imageNamed, imagesFound, layersOf, readReference } from "./references.ts";

const stored = (c: Nerd): NamedImage[] => namedImages(c.runtime, c.namespace);

/** Name without tag, and tag; neither for an image that has only CRI's id for a name. */
function repositoryOf({ name, image }: NamedImage): [repository: string, tag: string] {
  if (name === image.id) return ["<none>", "<none>"];
  const short = familiar(name);
  if (short.includes("@")) return [short.slice(0, short.indexOf("@")), "<none>"];
  const colon = short.lastIndexOf(":");
  return colon > short.lastIndexOf("/") ? [short.slice(0, colon), short.slice(colon + 1)] : [short, "<none>"];
}

/** Those of which all filters hold (pkg/imgutil/filtering.go). Throws NerdError. */
function filtered(c: Nerd, list: NamedImage[]): NamedImage[] {
  let out = list;
  for (const filter of c.list("filter")) {
    const at = filter.indexOf("=");
    const [key, value] = at < 0 ? [filter, ""] : [filter.slice(0, at), filter.slice(at + 1)];
    if (key === "dangling") out = out.filter((one) => (repositoryOf(one)[1] === "" ? "true" : "false") === value);
    else if (key === "reference")
      out = out.filter(({ name }) => {
        const short = familiar(name);
        const repository = short.slice(0, short.lastIndexOf(":"));
        return [name, short, repository].some((text) => globRegex(value, { path: true }).test(text));
      });
    else if (key === "label") {
      const equals = value.indexOf("=");
      const [label, wanted] = equals < 0 ? [value, undefined] : [value.slice(0, equals), value.slice(equals + 1)];
      out = out.filter(({ labels }) => labels.has(label) && (wanted === undefined || labels.get(label) === wanted));
    } else if (key === "before" || key === "since") {
      const other = imageNamed(c, readReference(value));
      out = out.filter(
        ({ createdAt }) =>
          other !== undefined && (key === "before" ? createdAt < other.createdAt : createdAt > other.createdAt),
      );
    } else throw new NerdError(`invalid filter ${JSON.stringify(filter)}`);
  }
  return out;
}

export function* images(c: Nerd): Gen {
  const [word] = c.args;
  const full = word === undefined ? undefined : readReference(word);
  const list = filtered(c, stored(c)).filter(
    ({ name, image }) => full === undefined || name === full || digestOf(image).startsWith(`sha256:${word}`),
  );
  const { now, epochMs } = c.machine.kernel;
  const format = c.value("format");
  const items = list.map((one) => {
    const { image, name, createdAt } = one;
    const [Repository, Tag] = repositoryOf(one);
    const digest = digestOf(image);
    const at = formatTime(epochMs + Math.round(createdAt / 1e6) * 1000);
    return {
      CreatedAt: `${at.replace("T", " ").replace("Z", "")} +0000 UTC`,
      CreatedSince: `${humanDuration(Math.max(0, now - createdAt))} ago`,
      Digest: digest,
      ID: c.on("no-trunc") ? digest : digest.slice(7, 19),
      Repository,
      Tag,
      Name: name,
      Size: binarySize(image.sizeBytes * UNPACKED),
      BlobSize: binarySize(image.sizeBytes),
      Platform: "linux/amd64",
    };
  });
  if (format === "raw") throw new NerdError('unsupported format: "raw"');
  if (!["", "table", "wide"].includes(format)) {
    if (c.on("quiet")) throw new NerdError("format and quiet must not be specified together");
    const template = formatOf(format);
    for (const item of items) {
      try {
        yield* c.print(`${fill(template, item, "image.imagePrintable")}\n`);
      } catch (error) {
        if (!(error instanceof NerdError)) throw error;
        yield* c.log(
          "warning",
          `failed to get platform "linux/amd64" of image ${JSON.stringify(item.Name)}`,
          error.message,
        );
      }
    }
    return;
  }
  if (c.on("quiet")) return yield* c.print(items.map(({ ID }) => `${ID}\n`).join(""));
  const digests = c.on("digests") || format === "wide";
  const rows = items.map((one) => [
    ...(c.on("names") ? [one.Name] : [one.Repository, one.Tag]),
    ...(digests ? [one.Digest] : []),
    one.ID,
    one.CreatedSince,
    one.Platform,
    one.Size,
    one.BlobSize,
  ]);
  const head = [
    ...(c.on("names") ? ["NAME"] : ["REPOSITORY", "TAG"]),
    ...(digests ? ["DIGEST"] : []),
    ...["IMAGE ID", "CREATED", "PLATFORM", "SIZE", "BLOB SIZE"],
  ];
  yield* c.print(columns([head, ...rows]));
}

export function* history(c: Nerd): Gen {
  const [word = ""] = c.args;
  const [image] = imagesFound(c, word);
  if (image === undefined) throw new NerdError(`1 errors:\nno such image: ${word}`);
  const { kernel } = c.machine;
  const list = historyOf(image)
    .reverse()
    .map((one) => {
      const at = one.at ?? (MADE_MS - kernel.epochMs) * 1000;
      const command = c.on("no-trunc") || one.createdBy.length <= 45 ? one.createdBy : `${one.createdBy.slice(0, 44)}…`;
      return {
        Snapshot: one.layer,
        CreatedSince: `${humanDuration(kernel.now - at)} ago`,
        CreatedBy: command,
        Size: binarySize(one.at === undefined ? one.sizeBytes * UNPACKED : one.sizeBytes),
        Comment: one.comment,
      };
    });
  if (c.on("quiet")) return yield* c.print(list.map(({ Snapshot }) => `${Snapshot}\n`).join(""));
  if (!["", "table"].includes(c.value("format"))) {
    const template = formatOf(c.value("format"));
    return yield* c.print(list.map((one) => `${fill(template, one, "image.historyPrintable")}\n`).join(""));
  }
  const rows = list.map((one) => [one.Snapshot, one.CreatedSince, one.CreatedBy, one.Size, one.Comment]);
  yield* c.print(columns([["SNAPSHOT", "CREATED", "CREATED BY", "SIZE", "COMMENT"], ...rows]));
}

export function* remove(c: Nerd): Gen {
  const errors: string[] = [];
  let fatal = false;
  const force = c.on("force");
  const fail = (message: string) => {
    errors.push(message);
    fatal = true;
  };
  for (const word of c.args) {
    const found = imagesFound(c, word);
    const unique = new Set(found.map(({ image }) => digestOf(image))).size;
    if (found.length === 0) errors.push(`no such image: ${word}`);
    else if (found.length > 1 && !(force && unique === 1)) fail(`multiple IDs found with provided prefix: ${word}`);
    else
      for (const one of found) {
        const users = c.containers().filter(({ image }) => image === one.name);
        const running = users.find(({ status }) => status === "RUNNING" || status === "PAUSED");
        const why = `conflict: unable to delete ${word}`;
        if (running) fail(`${why} (cannot be forced) - image is being used by running container ${running.id}`);
        else if (users[0] && !force)
          fail(`${why} (must be forced) - image is being used by stopped container ${users[0].id}`);
        else {
          dropImage(c.runtime, c.namespace, one.name);
          yield* c.print(`Untagged: ${one.name}@${digestOf(one.image)}\n`);
          yield* c.print(
            layersOf(one)
              .map((layer) => `Deleted: ${layer}\n`)
              .join(""),
          );
        }
      }
  }
  yield* c.fail(errors, force && !fatal);
}

export function* tag(c: Nerd): Gen {
  const [source = "", target = ""] = c.args;
  const [found] = imagesFound(c, source);
  if (found === undefined) throw new NerdError(`${source}: not found`);
  nameImage(c.runtime, c.namespace, readReference(target), found.image, found.labels, found.commit);
  yield* c.print("");
}

export function* save(c: Nerd): Gen {
  const list = c.args.map((word) => {
    const [found] = imagesFound(c, word);
    if (found === undefined) throw new NerdError(`no such image: ${word}`);
    return [found.name, found.image] as const;
  });
  const path = c.value("output");
  const bytes = packImages(list, Math.floor(c.machine.kernel.wallMs / 1000));
  if (path === "") {
    if (c.p.fds.get(1)?.tty)
      throw new NerdError("cowardly refusing to save to a terminal. Use the -o flag or redirect");
    return yield* sys.write(c.p, 1, bytes);
  }
  try {
    sys.writeText(c.p, path, bytes, 0o644);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new NerdError(`open ${path}: ${error.message.toLowerCase()}`);
  }
}

function* archive(c: Nerd): Gen<Uint8Array> {
  const path = c.value("input");
  if (path === "") {
    if (c.p.fds.get(0)?.tty) throw new NerdError("stdin is empty and input flag is not specified");
    return yield* sys.readAll(c.p, 0);
  }
  try {
    return sys.readBytes(c.p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new NerdError(`open ${path}: ${error.message.toLowerCase()}`);
  }
}

export function* load(c: Nerd): Gen {
  const bytes = yield* archive(c);
  const built = builtImages(c);
  const found = unpackImages(bytes, (id) => built.get(id)?.image);
  if (found === undefined) throw new NerdError(bytes.length < 512 ? "unexpected EOF" : "unrecognized image format");
  for (const { name, image } of found) {
    if (image === undefined) throw new NerdError(`image ${JSON.stringify(name)}: not found`);
    nameImage(c.runtime, c.namespace, name, image, new Map(), built.get(image.id)?.commit);
    yield* c.print(`unpacking ${name} (${digestOf(image)})...\nLoaded image: ${familiar(name)}\n`);
  }
}

export function* push(c: Nerd): Gen {
  const name = readReference(c.args[0]!);
  const found = imageNamed(c, name);
  if (found === undefined) {
    const made = `failed to create a tmp single-platform image "${name}-tmp-reduced-platform"`;
    throw new NerdError(`${made}: image "${name}": not found`);
  }
  const type = "application/vnd.docker.distribution.manifest.v2+json";
  yield* c.log("info", `pushing as a reduced-platform image (${type}, ${digestOf(found.image)})`);
  const domain = name.slice(0, name.indexOf("/"));
  const host = domain === "docker.io" ? "registry-1.docker.io" : domain;
  const url = `https://${host}/v2/${name.slice(name.indexOf("/") + 1).replace(/:[^/]*$/, "")}/blobs/${layersOf(found)[0]}`;
  throw new NerdError(
    `failed to do request: Head "${url}": dial tcp: lookup ${host.replace(/:\d+$/, "")}: no such host`,
  );
}

export function* prune(c: Nerd): Gen {
  const what = c.on("all") ? "all images without at least one container associated to them" : "all dangling images";
  if (!(yield* c.agreed(`WARNING! This will remove ${what}.`))) return;
  yield* pruneImages(c, c.on("all"));
}

export function* pruneImages(c: Nerd, all: boolean): Gen {
  if (!all) return;
  const used = new Set(c.containers().map(({ image }) => image));
  const gone = stored(c).filter(({ name }) => !used.has(name));
  for (const one of gone) dropImage(c.runtime, c.namespace, one.name);
  if (gone.length === 0) return;
  const lines = gone.flatMap((one) => [
    `Untagged: ${one.name}\n`,
    ...layersOf(one).map((layer) => `deleted: ${layer}\n`),
  ]);
  yield* c.print(`Deleted Images:\n${lines.join("")}\n`);
}
