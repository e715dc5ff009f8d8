import { describe, expect, it } from "vitest";
import { decodeObject } from "./decode.ts";

const POD = { group: "", version: "v1", kind: "Pod" };
const DEPLOYMENT = { group: "apps", version: "v1", kind: "Deployment" };
const pod = (spec: object) => ({ apiVersion: "v1", kind: "Pod", metadata: { name: "a" }, spec });

describe("decodeObject", () => {
  it("writes what Go would: zero structs in, empty values out", () => {
    const { object, strictErrors } = decodeObject(
      pod({ containers: [{ name: "c", image: "", stdin: false, args: [] }], volumes: [{ name: "v", emptyDir: {} }] }),
      POD,
    );
    expect(strictErrors).toEqual([]);
    expect(object).toEqual({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "a", creationTimestamp: null },
      spec: { containers: [{ name: "c", resources: {} }], volumes: [{ name: "v", emptyDir: {} }] },
      status: {},
    });
  });

  it("keeps zero values behind a pointer", () => {
    const { object } = decodeObject({ spec: { replicas: 0, paused: false, template: {} } }, DEPLOYMENT);
    expect(object.spec).toEqual({
      replicas: 0,
      selector: null,
      strategy: {},
      template: { metadata: { creationTimestamp: null }, spec: { containers: null } },
    });
  });

  it("canonicalizes quantities and times", () => {
    const { object } = decodeObject(
      {
        metadata: { creationTimestamp: "2025-01-02T03:04:05.678+01:00" },
        spec: { containers: [{ name: "c", resources: { requests: { cpu: 0.5, memory: "1024Mi" } } }] },
      },
      POD,
    );
    expect(object.metadata.creationTimestamp).toBe("2025-01-02T02:04:05Z");
    expect(object.spec.containers[0].resources.requests).toEqual({ cpu: "500m", memory: "1Gi" });
  });

  it.each([
    [{ spec: { foo: 1 } }, 'unknown field "spec.foo"'],
    [{ spec: { containers: [{ name: "a" }, { image2: 1 }] } }, 'unknown field "spec.containers[1].image2"'],
    [{ metadata: { nam: "x" } }, 'unknown field "metadata.nam"'],
  ])("names unknown fields: %j", (value, message) => {
    expect(decodeObject(value, POD).strictErrors).toEqual([message]);
  });

  it.each([
    [
      { spec: { containers: [{ ports: [{ containerPort: "80" }] }] } },
      "json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32",
    ],
    [
      { spec: { containers: {} } },
      "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
    ],
    [
      { spec: { containers: [{ env: [{ name: "A", value: 1 }] }] } },
      "json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string",
    ],
    [
      { metadata: { labels: { a: true } } },
      "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string",
    ],
    [{ metadata: "x" }, "json: cannot unmarshal string into Go struct field Pod.metadata of type v1.ObjectMeta"],
    [
      { spec: { restartPolicy: 1 } },
      "json: cannot unmarshal number into Go struct field PodSpec.spec.restartPolicy of type v1.RestartPolicy",
    ],
    [
      { spec: { terminationGracePeriodSeconds: 1.5 } },
      "json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.terminationGracePeriodSeconds of type int64",
    ],
    [
      { spec: { containers: [{ resources: { limits: { cpu: "x" } } }] } },
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    [
      { metadata: { creationTimestamp: "yesterday" } },
      'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
    ],
    [[], "json: cannot unmarshal array into Go value of type v1.Pod"],
  ])("says what does not fit as Go does: %j", (value, message) => {
    expect(decodeObject(value, POD).error).toBe(message);
  });

  it("checks base64 as Go does", () => {
    const SECRET = { group: "", version: "v1", kind: "Secret" };
    expect(decodeObject({ data: { a: "aGk=" } }, SECRET).object.data).toEqual({ a: "aGk=" });
    expect(decodeObject({ data: { a: "hello" } }, SECRET).error).toBe("illegal base64 data at input byte 4");
    expect(decodeObject({ data: { a: "he!!" } }, SECRET).error).toBe("illegal base64 data at input byte 2");
  });
});
