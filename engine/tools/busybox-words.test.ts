import { expect, test } from "vitest";
import { busyboxWords } from "./busybox-words.ts";

// As busybox 1.36 prints them.
test.each([
  ["cat", "/tmp/healthy: No such file or directory", "can't open '/tmp/healthy': No such file or directory"],
  ["ls", "cannot access '/nope': No such file or directory", "/nope: No such file or directory"],
  ["rm", "cannot remove 'x': No such file or directory", "can't remove 'x': No such file or directory"],
  ["rm", "cannot remove 'd': Is a directory", "'d' is a directory"],
  ["mkdir", "cannot create directory ‘x’: File exists", "can't create directory 'x': File exists"],
  ["touch", "cannot touch '/etc/x': Read-only file system", "/etc/x: Read-only file system"],
  ["mv", "cannot stat 'x': No such file or directory", "can't rename 'x': No such file or directory"],
  ["head", "cannot open 'x' for reading: No such file or directory", "x: No such file or directory"],
  ["wc", "x: No such file or directory", "x: No such file or directory"],
])("%s: %s", (name, gnu, busybox) => {
  expect(busyboxWords(name, gnu)).toBe(busybox);
});
