import { describe, expect, it } from "vitest";
import { IMAGES, ImageReferenceError, parseReference, resolveImage } from "./index.ts";

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

  it("gives one digest a name and tag, and takes it back", () => {
    const found = resolveImage("nginx:1.27");
    if (found.kind !== "image") throw new Error(found.kind);
    const again = resolveImage(found.image.repoDigest);
    expect(again.kind === "image" && again.image.repoDigest).toBe(found.image.repoDigest);
  });

  it("has a tree and something to run, or a command of the user, for every image", () => {
    for (const def of IMAGES) expect(def.rootfs("latest").kind).toBe("dir");
  });
});
