import { describe, expect, it } from "vitest";
import { configMap } from "../api/core/configmap.ts";
import { encode } from "../kernel/index.ts";
import { readStored, Unreadable } from "./stored.ts";

/** What a kube-apiserver 1.32 said of a ConfigMap whose key was put with etcdctl. */
const UNREADABLE: readonly (readonly [value: string, why: string])[] = [
  ["garbage", "illegal base64 data at input byte 4"],
  ["foo", "illegal base64 data at input byte 0"],
  ["hello world", "illegal base64 data at input byte 5"],
  ["garb", "yaml: invalid leading UTF-8 octet"],
  ["123", "illegal base64 data at input byte 0"],
  ["[]", "illegal base64 data at input byte 0"],
  [
    "{broken",
    "couldn't get version/kind; json parse error: invalid character 'b' looking for beginning of object key string",
  ],
  [
    '{"kind":"Foo","apiVersion":"v1"}',
    'no kind "Foo" is registered for version "v1" in scheme "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"',
  ],
  [
    '{"kind":"ConfigMap","apiVersion":"v2"}',
    'no kind "ConfigMap" is registered for version "v2" in scheme "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"',
  ],
  [
    '{"kind":"ConfigMap","apiVersion":"v1","data":{"k":1}}',
    "json: cannot unmarshal number into Go struct field ConfigMap.data of type string",
  ],
  ["k8s\0abc", "unexpected EOF"],
];
const READABLE: readonly (readonly [value: string, name: string, data: object | undefined])[] = [
  ["{}", "", undefined],
  ["a: b", "", undefined],
  ['{"kind":"ConfigMap","apiVersion":"v1","foo":1,"metadata":{"name":"q"}}', "q", undefined],
  ["kind: ConfigMap\napiVersion: v1\nmetadata: {name: q}\ndata: {z: '1'}\n", "q", { z: "1" }],
  ['{"metadata":{"name":"q","resourceVersion":"7"},"data":{"a":"b"}}', "q", { a: "b" }],
];

describe("bytes that others wrote under a key of the API server", () => {
  it.each(UNREADABLE)("%j cannot be read", (value, why) => {
    expect(readStored(configMap, encode(value))).toEqual(new Unreadable(why));
  });

  it.each(READABLE)("%j can", (value, name, data) => {
    const object = readStored(configMap, encode(value));
    expect(object).toMatchObject({ kind: "ConfigMap", apiVersion: "v1", metadata: { name } });
    expect(object).not.toHaveProperty("metadata.resourceVersion");
    expect((object as { data?: object }).data).toEqual(data);
  });
});
