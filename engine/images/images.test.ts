import { describe, expect, it } from "vitest";
import { IMAGES, ImageReferenceError, parseReference, pulledAs, resolveImage } from "./index.ts";

describe("image references", () => {
  it.each([
    ["nginx", "docker.io/library/nginx:latest"],
    ["nginx:1.27", "docker.io/library/nginx:1.27"],
    ["curlimages/curl", "docker.io/curlimages/curl:latest"],
    ["index.docker.io/library/busybox", "docker.io/library/busybox:latest"],
    ["registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10"],
    ["localhost:5000/a/b", "localhost:5000/a/b:latest"],
    ["localhost/a", "localhost/a:latest"],
  ])("%s is %s", (text, full) => {
    expect(parseReference(text).full).toBe(full);
  });

  it.each([
    ["", "invalid reference format"],
    ["nginx:", "invalid reference format"],
    ["ngi nx", "invalid reference format"],
    ["nginx@sha256:12", "invalid reference format"],
    ["-nginx", "invalid reference format"],
    ["Nginx", "invalid reference format: repository name (library/Nginx) must be lowercase"],
  ])("refuses %j", (text, message) => {
    expect(() => parseReference(text)).toThrow(ImageReferenceError);
    expect(() => parseReference(text)).toThrow(message);
  });

  it("finds images, missing tags and missing repositories", () => {
    expect(resolveImage("nginx").kind).toBe("image");
    expect(resolveImage("nginx:nope").kind).toBe("no tag");
    expect(resolveImage("nosuch/image").kind).toBe("no repository");
  });

  it.each([
    ["k8s.gcr.io/pause:3.9", "registry.k8s.io/pause"],
    ["gcr.io/google_containers/busybox:1.24", "registry.k8s.io/busybox"],
    ["public.ecr.aws/docker/library/httpd:alpine", "docker.io/library/httpd"],
    ["public.ecr.aws/nginx/nginx:stable-alpine", "docker.io/library/nginx"],
    ["mirror.gcr.io/library/redis", "docker.io/library/redis"],
  ])("%s is the image of %s under its own name", (text, name) => {
    const found = resolveImage(text);
    if (found.kind !== "image") throw new Error(found.kind);
    expect(found.image.def.names).toContain(name);
    expect(found.image.reference.startsWith(text)).toBe(true);
  });

  it.each(["nginx:1.161", "nginx:1.91", "busybox:notfound", "redis:99", "httpd:3"])("%s has no such tag", (text) => {
    expect(resolveImage(text).kind).toBe("no tag");
  });

  it.each([
    ["luksa/kiada:0.4", "image"],
    ["luksa/kiada:9.9", "no tag"],
    ["luksa/fortune:args", "image"],
    ["luksa/fortune:nope", "no tag"],
    ["nginxdemos/hello:plain-text", "image"],
    ["nginxdemos/hello:plain-text-typo", "no tag"],
  ])("%s of a repository that has a definition for each tag: %s", (text, kind) => {
    expect(resolveImage(text).kind).toBe(kind);
  });

  it("gives one digest a name and tag, and takes it back", () => {
    const found = resolveImage("nginx:1.27");
    if (found.kind !== "image") throw new Error(found.kind);
    const again = resolveImage(found.image.repoDigest);
    expect(again.kind === "image" && again.image.repoDigest).toBe(found.image.repoDigest);
  });

  it.each([
    ["nginx@sha256:0d17b565c37bcbd895e9d92315a05c1c3c9a29f762b011a10c54a66cd53c9b31", "image"],
    ["nginx@sha256:1111111111111111111111111111111111111111111111111111111111111111", "no tag"],
    ["nginx@sha256:deadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeef", "no tag"],
    ["nginx@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "no tag"],
  ])("%s is %s", (text, kind) => {
    expect(resolveImage(text).kind).toBe(kind);
  });

  it("is pulled by its digest where there is a tag beside it", () => {
    const digest = "sha256:0d17b565c37bcbd895e9d92315a05c1c3c9a29f762b011a10c54a66cd53c9b31";
    expect(pulledAs(parseReference(`nginx:1.25@${digest}`))).toBe(`docker.io/library/nginx@${digest}`);
    expect(pulledAs(parseReference("nginx:1.25"))).toBe("docker.io/library/nginx:1.25");
  });

  it("has a tree and something to run, or a command of the user, for every image", () => {
    for (const def of IMAGES) expect(def.rootfs("latest").kind).toBe("dir");
  });
});
