import { describe, expect, it } from "vitest";
import { encode } from "../../kernel/index.ts";
import { decodeProtobuf } from "./decode.ts";

/** A length-delimited field. */
const field = (number: number, ...content: (Uint8Array | number[])[]): number[] => {
  const bytes = content.flatMap((part) => [...part]);
  return [number * 8 + 2, bytes.length, ...bytes];
};
const varint = (number: number, value: number): number[] => [number * 8, value];

const object = (apiVersion: string, kind: string, raw: number[]): Uint8Array =>
  Uint8Array.from([
    ...encode("k8s\0"),
    ...field(1, field(1, encode(apiVersion)), field(2, encode(kind))),
    ...field(2, raw),
  ]);

describe("protobuf bodies", () => {
  const meta = (name: string) => field(1, field(1, encode(name)));
  const cases: [string, Uint8Array, unknown][] = [
    [
      "scalars, lists and maps",
      object("v1", "ConfigMap", [
        ...field(1, field(1, encode("c")), field(11, field(1, encode("app")), field(2, encode("web")))),
        ...field(2, field(1, encode("a")), field(2, encode("b"))),
      ]),
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c", labels: { app: "web" } }, data: { a: "b" } },
    ],
    [
      "bytes as base64",
      object("v1", "Secret", [...meta("s"), ...field(2, field(1, encode("k")), field(2, encode("v")))]),
      { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, data: { k: "dg==" } },
    ],
    [
      "embedded structs in place, quantities and numbers-or-names as scalars",
      object("v1", "Pod", [
        ...meta("p"),
        ...field(
          2,
          field(1, field(1, encode("v")), field(2, field(1, field(1, encode("/x"))))),
          field(2, field(1, encode("c")), field(8, field(1, field(1, encode("cpu")), field(2, field(1, encode("1")))))),
        ),
      ]),
      {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "p" },
        spec: {
          volumes: [{ name: "v", hostPath: { path: "/x" } }],
          containers: [{ name: "c", resources: { limits: { cpu: "1" } } }],
        },
      },
    ],
    [
      "kinds of the meta group under any version",
      object("policy/v1", "DeleteOptions", varint(1, 5)),
      { apiVersion: "policy/v1", kind: "DeleteOptions", gracePeriodSeconds: 5 },
    ],
  ];
  it.each(cases)("reads %s", (_name, bytes, expected) => {
    expect(decodeProtobuf(bytes)).toEqual(expected);
  });

  it("refuses what is cut off or something else", () => {
    expect(() => decodeProtobuf(encode("{}"))).toThrow("provided data does not appear to be a protobuf message");
    expect(() => decodeProtobuf(object("v1", "Pod", [0x0a, 0x20]))).toThrow("unexpected EOF");
  });
});
