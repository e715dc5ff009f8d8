import { describe, expect, it } from "vitest";
import { keysOf, meantCommand } from "./hangul.ts";

describe("Hangul typed in the wrong mode", () => {
  it.each([
    ["ㅏㅕㅠㄷㅊ시", "kubectl"],
    ["ㅣㄴ", "ls"],
    ["ㅊㅁㅅ", "cat"],
    ["녀애", "sudo"],
    ["훼", "gnp"],
    ["값", "rkqt"],
    ["kubectl ㅎㄷㅅ", "kubectl get"],
  ])("%s was %s", (typed, keys) => {
    expect(keysOf(typed)).toBe(keys);
  });

  it.each([
    ["ㅏㅕㅠㄷㅊ시 ㅎㄷㅅ ㅔㅐㅇㄴ", "kubectl"],
    ["  녀애 ls", "sudo"],
    ["echo 안녕하세요", undefined],
    ["안녕하세요", undefined],
    ["", undefined],
  ])("%j means %s", (line, command) => {
    expect(meantCommand(line)?.command).toBe(command);
  });
});
