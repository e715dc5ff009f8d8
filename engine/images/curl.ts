import { alpineTree } from "./alpine.ts";
import type { ImageDef } from "./image.ts";
import { DEFAULT_PATH, rootfs, SKELETON } from "./rootfs.ts";

const versionOf = (tag: string) => (/^\d+\.\d+\.\d+$/.test(tag) ? tag : "8.12.1");

export const curl: ImageDef = {
  names: ["docker.io/curlimages/curl", "quay.io/curl/curl"],
  tags: /^(latest|[78]\.\d{1,2}\.\d)$/,
  sizeBytes: 9_622_000,
  rootfs: (tag) => {
    const base = alpineTree("3.21.3");
    return rootfs(SKELETON, base, {
      "etc/passwd": `${base["etc/passwd"] as string}curl_user:x:100:101:Linux User,,,:/home/curl_user:/sbin/nologin\n`,
      "etc/group": `${base["etc/group"] as string}curl_group:x:101:curl_user\n`,
      "usr/bin/curl": { program: "curl" },
      "entrypoint.sh": {
        text: '#!/bin/sh\nset -e\nif [ "${1#-}" != "${1}" ] || [ -z "$(command -v "${1}")" ]; then\n  set -- curl "$@"\nfi\nexec "$@"\n',
        mode: 0o755,
      },
      "home/curl_user": { dir: 0o755, uid: 100, gid: 101 },
      "cacert.pem": { text: `# ca-certificates of curl ${versionOf(tag)}\n` },
    });
  },
  entrypoint: ["/entrypoint.sh"],
  cmd: ["curl"],
  env: (tag) => ({ PATH: DEFAULT_PATH, CURL_VERSION: versionOf(tag), CURL_CA_BUNDLE: "/cacert.pem" }),
  workingDir: "/home/curl_user",
  user: "curl_user",
};
