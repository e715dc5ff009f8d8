import { concat } from "../kernel/index.ts";
import { gzip } from "../text/deflate.ts";
import { endOfArchive, packMember, type TarMember } from "../text/tar-format.ts";

/** A file of a tarball: what is not said is root's, of 1970, and not executable. */
type Packed = Pick<TarMember, "name" | "bytes"> & Partial<TarMember>;

/** A .tar.gz as projects offer them. */
export function tarball(files: readonly Packed[]): Uint8Array {
  const plain = { kind: "file", mode: 0o644, uid: 0, gid: 0, user: "", group: "", mtime: 0, target: "" } as const;
  const members = files.map((file) => packMember({ ...plain, ...file }));
  return gzip(concat([...members, endOfArchive(members.reduce((sum, { length }) => sum + length, 0))]), undefined, 0);
}
