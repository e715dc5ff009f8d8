/** ctr images. */
import type { Image } from "../../images/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { isCriError, type NamedImage } from "../../machine/runtime/index.ts";
import * as sys from "../../machine/sys.ts";
import { compileRegex, RegexError } from "../../text/regex/index.ts";
import { flag } from "./cli.ts";
import { logrus } from "./crictl-context.ts";
import { type Command, type Ctr, CtrError, K8S, label, labelText, on, printList, table } from "./ctr-context.ts";
import { badNamespace } from "./ctr-namespaces.ts";
import { packImages, unpackImages } from "./image-archive.ts";
import { digestOf, dropImage, namedImages, nameImage } from "./named-images.ts";
import { binarySize } from "./units.ts";

const SNAPSHOTTER = {
  ...flag.string("snapshotter", "", "Snapshotter name. Empty value stands for the default value."),
  env: "CONTAINERD_SNAPSHOTTER",
};

const named = (c: Ctr): NamedImage[] => namedImages(c.runtime, c.namespace);

/** The image of that name. Throws CtrError. */
export function imageOf(c: Ctr, name: string): Image {
  const found = named(c).find((one) => one.name === name);
  if (found === undefined) throw new CtrError(`image "${name}": not found`);
  return found.image;
}

/** Those of which a filter holds: `name==X`, `name~=REGEXP`, `name!=X`, or a field that is there. */
function filtered(c: Ctr, list: readonly NamedImage[]): readonly NamedImage[] {
  const filters = c.given.args;
  if (filters.length === 0) return list;
  const tests = filters.map((text) => {
    const [, field = "", operator = "", given = ""] = /^([a-z.]+)(==|!=|~=)?(.*)$/.exec(text) ?? [];
    const wrong = (why: string) =>
      new CtrError(
        `failed to list images: filters: parse error: [${text}]: ${why}: invalid argument: invalid argument`,
      );
    if (operator !== "" && given === "") throw wrong("expected value or quoted");
    let pattern: { test(text: string): boolean } | undefined;
    try {
      if (operator === "~=") pattern = compileRegex(given.replace(/^(["'])(.*)\1$/, "$2"), { syntax: "perl" });
    } catch (error) {
      if (!(error instanceof RegexError)) throw error;
    }
    return ({ name }: NamedImage): boolean => {
      if (field !== "name") return false;
      if (operator === "==") return name === given;
      if (operator === "!=") return name !== given;
      return operator === "" ? true : (pattern?.test(name) ?? false);
    };
  });
  return list.filter((one) => tests.some((test) => test(one)));
}

const TYPE = "application/vnd.oci.image.index.v1+json";

function listed(c: Ctr): readonly NamedImage[] {
  const bad = badNamespace(c.namespace);
  if (bad !== undefined) throw new CtrError(`failed to list images: ${bad}`);
  return filtered(c, named(c));
}

export const images: Command = {
  names: ["images", "image", "i"],
  usage: "Manage images",
  commands: [
    {
      names: ["check"],
      usage: "Check existing images to ensure all content is available locally",
      argsUsage: "[flags] [<filter>, ...]",
      description: "check existing images to ensure all content is available locally",
      flags: [flag.bool("quiet", "q", "Print only the ready image refs (fully downloaded and unpacked)"), SNAPSHOTTER],
      *run(c) {
        const list = listed(c);
        if (on(c, "quiet"))
          return yield* printList(
            c,
            list.map(({ name }) => name),
          );
        const rows = list.map(({ name, image }) => {
          const size = binarySize(image.sizeBytes);
          return [name, TYPE, digestOf(image), "complete (2/2)", `${size}/${size}`, "true"];
        });
        yield* sys.print(c.p, table("REF\tTYPE\tDIGEST\tSTATUS\tSIZE\tUNPACKED\t", rows, 1, 1));
      },
    },
    {
      names: ["export"],
      usage: "Export images",
      argsUsage: "[flags] <out> <image> ...",
      description:
        "Export images to an OCI tar archive.\n\nTar output is formatted as an OCI archive, a Docker manifest is provided for the platform.\nUse '--skip-manifest-json' to avoid including the Docker manifest.json file.\nUse '--platform' to define the output platform.\nWhen '--all-platforms' is given all images in a manifest list must be available.\n",
      flags: [
        flag.bool("skip-manifest-json", "", "Do not add Docker compatible manifest.json to archive"),
        flag.bool("skip-non-distributable", "", "Do not add non-distributable blobs such as Windows layers to archive"),
        flag.string("platform", "", "Pull content from a specific platform"),
        flag.bool("all-platforms", "", "Exports content from all platforms"),
        flag.bool("local", "", "Run export locally rather than through transfer API"),
      ],
      *run(c) {
        const [path, ...names] = c.given.args;
        if (path === undefined || names.length === 0)
          throw new CtrError("please provide both an output filename and an image reference to export");
        const list = names.map((name) => [name, imageOf(c, name)] as const);
        try {
          sys.writeText(c.p, path, packImages(list, Math.floor(c.p.machine.kernel.wallMs / 1000)), 0o644);
        } catch (error) {
          if (!isErrno(error)) throw error;
          throw new CtrError(`open ${path}: ${error.message.toLowerCase()}`);
        }
        yield* sys.print(c.p, "");
      },
    },
    {
      names: ["import"],
      usage: "Import images",
      argsUsage: "[flags] <in>",
      flags: [
        flag.string(
          "base-name",
          "",
          "Base image name for added images, when provided only images with this name prefix are imported",
        ),
        flag.bool("digests", "", "Whether to create digest images (default: false)"),
        flag.bool("all-platforms", "", "Imports content for all platforms, false by default"),
        flag.string("platform", "", "Imports content for specific platform"),
        flag.bool(
          "no-unpack",
          "",
          "Skip unpacking the images, cannot be used with --discard-unpacked-layers, false by default",
        ),
        flag.bool("local", "", "Run import locally rather than through transfer API"),
        SNAPSHOTTER,
      ],
      *run(c) {
        const [path = ""] = c.given.args;
        let bytes: Uint8Array;
        try {
          bytes = sys.readBytes(c.p, path);
        } catch (error) {
          if (!isErrno(error)) throw error;
          throw new CtrError(`open ${path}: ${error.message.toLowerCase()}`);
        }
        const found = unpackImages(bytes);
        if (found === undefined)
          throw new CtrError(bytes.length < 512 ? "archive/tar: invalid tar header" : "unrecognized image format");
        for (const { name, image } of found) {
          if (image === undefined)
            throw new CtrError(`unable to resolve image to manifest: image "${name}": not found`);
          if (c.namespace === K8S) c.runtime.images.preload([name]);
          else nameImage(c.runtime, c.namespace, name, image);
          yield* sys.print(c.p, `unpacking ${name} (${digestOf(image)})...done\n`);
        }
      },
    },
    {
      names: ["list", "ls"],
      usage: "List images known to containerd",
      argsUsage: "[flags] [<filter>, ...]",
      description: "list images registered with containerd",
      flags: [flag.bool("quiet", "q", "Print only the image refs")],
      *run(c) {
        const list = listed(c);
        if (on(c, "quiet"))
          return yield* printList(
            c,
            list.map(({ name }) => name),
          );
        const rows = list.map(({ name, image, labels }) => [
          name,
          TYPE,
          digestOf(image),
          binarySize(image.sizeBytes),
          "linux/amd64",
          labels.size === 0 ? "-" : labelText(labels),
          "",
        ]);
        yield* sys.print(c.p, table("REF\tTYPE\tDIGEST\tSIZE\tPLATFORMS\tLABELS\t", rows, 1, 1));
      },
    },
    {
      names: ["pull"],
      usage: "Pull an image from a remote",
      argsUsage: "[flags] <ref>",
      flags: [
        flag.bool("skip-verify", "k", "Skip SSL certificate validation"),
        flag.bool("plain-http", "", "Allow connections using plain HTTP"),
        flag.string("user", "u", "User[:password] Registry user and password"),
        flag.string("hosts-dir", "", "Custom hosts configuration directory"),
        SNAPSHOTTER,
        flag.list("label", "", "Labels to attach to the image"),
        flag.list("platform", "", "Pull content from a specific platform"),
        flag.bool("all-platforms", "", "Pull content and metadata from all platforms"),
        flag.bool("local", "", "Fetch content from local client rather than using transfer service"),
      ],
      *run(c) {
        const [name] = c.given.args;
        if (name === undefined) throw new CtrError("please provide an image reference to pull");
        // A name is taken as it stands here, without a registry's name put before it.
        if (!/^[\w.-]+(:\d+)?\/./.test(name))
          throw new CtrError(`failed to resolve reference "${name}": object required`);
        const { kernel } = c.p.machine;
        const before = kernel.now;
        let image: Image;
        try {
          image = yield* c.namespace === K8S ? c.runtime.pullImage(name) : c.runtime.images.fetch(name);
        } catch (error) {
          if (!isCriError(error)) throw error;
          throw new CtrError(error.message.replace(/^failed to pull and unpack image "[^"]*": /, ""));
        }
        if (c.namespace !== K8S) nameImage(c.runtime, c.namespace, name, image);
        const took = ((kernel.now - before) / 1e6).toFixed(1);
        yield* sys.print(c.p, `${name}: resolved\nunpacking linux/amd64 ${digestOf(image)}...\ndone: ${took}s\t\n`);
      },
    },
    {
      names: ["push"],
      usage: "Push an image to a remote",
      argsUsage: "[flags] <remote> [<local>]",
      *run(c) {
        const [remote, local = remote] = c.given.args;
        if (remote === undefined) throw new CtrError("please provide a remote image reference to push");
        if (!named(c).some(({ name }) => name === local))
          throw new CtrError(`unable to resolve image to manifest: image "${local}": not found`);
        const host = remote.split("/")[0]!;
        throw new CtrError(`failed to do request: Head "https://${host}/v2/": dial tcp: lookup ${host}: no such host`);
      },
    },
    {
      names: ["delete", "del", "remove", "rm"],
      usage: "Remove one or more images by reference",
      argsUsage: "[flags] <ref> [<ref>, ...]",
      description: "remove one or more images by reference",
      flags: [flag.bool("sync", "", "Synchronously remove image and all associated resources")],
      *run(c) {
        for (const name of c.given.args) {
          const known = named(c).some((one) => one.name === name);
          if (!known) yield* logrus(c.p, "warning", `${name}: image not found`);
          else {
            dropImage(c.runtime, c.namespace, name);
            yield* sys.print(c.p, `${name}\n`);
          }
        }
      },
    },
    {
      names: ["tag"],
      usage: "Tag an image",
      argsUsage: "[flags] <source_ref> <target_ref> [<target_ref>, ...]",
      description: "Tag an image for use in containerd.",
      flags: [
        flag.bool("force", "", "Force target_ref to be created, regardless if it already exists"),
        flag.bool("local", "", "Run tag locally rather than through transfer API"),
      ],
      *run(c) {
        const [source, ...targets] = c.given.args;
        if (source === undefined) throw new CtrError("please provide an image reference to tag from");
        if (targets.length === 0) throw new CtrError("please provide an image reference to tag to");
        const image = imageOf(c, source);
        const labels = named(c).find(({ name }) => name === source)!.labels;
        for (const name of targets) {
          if (!on(c, "force") && named(c).some((one) => one.name === name))
            throw new CtrError(`image "${name}": already exists`);
          nameImage(c.runtime, c.namespace, name, image, labels);
          yield* sys.print(c.p, `${name}\n`);
        }
      },
    },
    {
      names: ["label"],
      usage: "Set and clear labels for an image",
      argsUsage: "[flags] <name> [<key>=<value>, ...]",
      description: "set and clear labels for an image",
      flags: [flag.bool("replace-all", "r", "Replace all labels")],
      *run(c) {
        const [name, ...words] = c.given.args;
        if (name === undefined) throw new CtrError("please specify an image");
        const found = named(c).find((one) => one.name === name);
        if (found === undefined) throw new CtrError(`image "${name}": not found`);
        const labels = new Map(on(c, "replace-all") ? [] : found.labels);
        label(labels, words);
        nameImage(c.runtime, c.namespace, name, found.image, labels);
        yield* sys.print(c.p, `${labelText(labels)}\n`);
      },
    },
  ],
};
