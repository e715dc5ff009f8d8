import { describe, expect, it } from "vitest";
import { Tail } from "./tail.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (tail: Tail) => new TextDecoder().decode(tail.bytes());

describe("a terminal's tail", () => {
  it("is everything as long as that is little", () => {
    const tail = new Tail(10);
    for (const part of ["ab", "cd", "\n"]) tail.push(bytes(part));
    expect([text(tail), tail.end]).toEqual(["abcd\n", 5]);
  });

  it("begins with a line once older bytes are gone", () => {
    const tail = new Tail(10);
    for (let i = 0; i < 100; i++) tail.push(bytes(`line${i}\n`));
    expect([text(tail), tail.end]).toEqual(["line99\n", 690]);
  });

  it("stays bounded for single bytes and for one huge chunk", () => {
    const tail = new Tail(1000);
    for (let i = 0; i < 5000; i++) tail.push(bytes("x"));
    expect(tail.bytes()).toHaveLength(1000);
    tail.push(new Uint8Array(1 << 20).fill(120));
    expect(tail.bytes()).toHaveLength(1000);
    expect(tail.end).toBe(5000 + (1 << 20));
  });
});
