import type { StatusCause } from "../status.ts";
import { invalid } from "../validation/field.ts";

/** A path below some directory: relative, without `..`. */
export function validateDescendingPath(text: string, path: string): StatusCause[] {
  if (text.startsWith("/")) return [invalid(path, text, "must be a relative path")];
  return validateNoBacksteps(text, path);
}

export function validateNoBacksteps(text: string, path: string): StatusCause[] {
  return text.split("/").includes("..") ? [invalid(path, text, "must not contain '..'")] : [];
}

/** Kinds of path that a hostPath may ask for. */
export const HOST_PATH_TYPES = [
  "",
  "BlockDevice",
  "CharDevice",
  "Directory",
  "DirectoryOrCreate",
  "File",
  "FileOrCreate",
  "Socket",
];
