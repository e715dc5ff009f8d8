/**
 * Archives of images as ctr writes and reads them: an OCI layout with Docker's manifest.json beside it. A layer's bytes
 * are not what this model has of an image: it stands in the archive with its digest alone, and an archive is read back by
 * the names in it.
 */

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { type Image, resolveImage } from "../../images/index.ts";
import { concat, decode, encode } from "../../kernel/index.ts";
import { endOfArchive, packMember, type TarMember, unpackMembers } from "../../text/tar-format.ts";

const OCI = "application/vnd.oci.image";

/** The archive of these images, by name. */
export function packImages(images: readonly (readonly [name: string, image: Image])[], time: number): Uint8Array {
  const files = new Map<string, Uint8Array>();
  const blob = (value: object): { digest: string; size: number } => {
    const bytes = encode(JSON.stringify(value));
    const hex = bytesToHex(sha256(bytes));
    files.set(`blobs/sha256/${hex}`, bytes);
    return { digest: `sha256:${hex}`, size: bytes.length };
  };
  const docker: object[] = [];
  const manifests = images.map(([name, image]) => {
    const { def, tag } = image;
    const config = blob({
      architecture: "amd64",
      os: "linux",
      config: {
        Env: Object.entries(def.env(tag)).map(([key, value]) => `${key}=${value}`),
        ...(def.entrypoint.length > 0 && { Entrypoint: def.entrypoint }),
        ...(def.cmd.length > 0 && { Cmd: def.cmd }),
        ...(def.workingDir && { WorkingDir: def.workingDir }),
      },
      rootfs: { type: "layers", diff_ids: [image.id] },
    });
    const layer = { mediaType: `${OCI}.layer.v1.tar+gzip`, digest: image.id, size: image.sizeBytes };
    docker.push({
      Config: `blobs/sha256/${config.digest.slice(7)}`,
      RepoTags: [name],
      Layers: [`blobs/sha256/${image.id.slice(7)}`],
    });
    const manifest = blob({
      schemaVersion: 2,
      mediaType: `${OCI}.manifest.v1+json`,
      config: { mediaType: `${OCI}.config.v1+json`, ...config },
      layers: [layer],
    });
    return {
      mediaType: `${OCI}.manifest.v1+json`,
      ...manifest,
      annotations: {
        "io.containerd.image.name": name,
        "org.opencontainers.image.ref.name": name.slice(name.lastIndexOf(":") + 1),
      },
    };
  });
  files.set("index.json", encode(JSON.stringify({ schemaVersion: 2, mediaType: `${OCI}.index.v1+json`, manifests })));
  files.set("manifest.json", encode(JSON.stringify(docker)));
  files.set("oci-layout", encode('{"imageLayoutVersion":"1.0.0"}'));
  const parts = [...files]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, bytes]) => packMember({ ...MEMBER, name, bytes, mtime: time }));
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  return concat([...parts, endOfArchive(size)]);
}

const MEMBER: TarMember = {
  name: "",
  kind: "file",
  mode: 0o444,
  uid: 0,
  gid: 0,
  user: "",
  group: "",
  mtime: 0,
  target: "",
  bytes: new Uint8Array(),
};

/**
 * The images of an archive, by name; undefined for bytes that are none, a name alone for an image that nobody knows.
 * `built` tells of those that no registry has, by the id that stands in their configuration.
 */
export function unpackImages(
  bytes: Uint8Array,
  built: (id: string) => Image | undefined = () => undefined,
): { name: string; image: Image | undefined }[] | undefined {
  const files = new Map((unpackMembers(bytes) ?? []).map(({ name, bytes: own }) => [name.replace(/^\.\//, ""), own]));
  const names = [...namesIn(files.get("manifest.json"), dockerNames), ...namesIn(files.get("index.json"), ociNames)];
  if (names.length === 0) return undefined;
  const ids = new Map<string, string>();
  for (const { RepoTags = [], Config = "" } of readJson<DockerImage[]>(files.get("manifest.json")) ?? []) {
    const id = readJson<{ rootfs?: { diff_ids?: string[] } }>(files.get(Config))?.rootfs?.diff_ids?.[0];
    for (const name of RepoTags) if (id !== undefined && typeof name === "string") ids.set(name, id);
  }
  return [...new Set(names)].map((name) => {
    const own = built(ids.get(name) ?? "");
    if (own !== undefined) return { name, image: own };
    const found = resolveImage(name);
    return { name, image: found.kind === "image" ? found.image : undefined };
  });
}

interface DockerImage {
  Config?: string;
  RepoTags?: unknown[];
}

function readJson<T>(bytes: Uint8Array | undefined): T | undefined {
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(decode(bytes)) as T;
  } catch {
    return undefined;
  }
}

function namesIn<T>(bytes: Uint8Array | undefined, read: (value: T) => unknown[]): string[] {
  const value = readJson<T>(bytes);
  return value === undefined ? [] : read(value).filter((name) => typeof name === "string");
}

const dockerNames = (list: DockerImage[]): unknown[] => list.flatMap(({ RepoTags = [] }) => RepoTags);
const ociNames = ({ manifests = [] }: { manifests?: { annotations?: Record<string, unknown> }[] }): unknown[] =>
  manifests.map(({ annotations }) => annotations?.["io.containerd.image.name"]);
