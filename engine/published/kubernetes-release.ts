/** dl.k8s.io: which releases of Kubernetes are the newest, and their programs. */

import { MINORS, releasesOf } from "../api/build-info.ts";
import { sha256Hex } from "../kernel/index.ts";
import { stamp } from "../machine/stamp.ts";

const PROGRAMS = /^\/(?:release\/)?(v1\.\d+\.\d+)\/bin\/linux\/amd64\/(kubeadm|kubectl|kubelet)(\.sha256)?$/;
const NEWEST = /^\/release\/(?:stable|latest)(?:-(1(?:\.\d+)?))?\.txt$/;

/** What a path of dl.k8s.io gives; undefined where it has nothing. */
export function kubernetesRelease(path: string): string | undefined {
  const newest = NEWEST.exec(path);
  if (newest !== null) {
    const minor = newest[1] === undefined || newest[1] === "1" ? MINORS.at(-1)! : newest[1];
    return releasesOf(minor).at(-1);
  }
  const [, release, program, sum] = PROGRAMS.exec(path) ?? [];
  if (release === undefined || !releasesOf(release.slice(1).replace(/\.\d+$/, "")).includes(release)) return undefined;
  const bytes = stamp(program!, release);
  return sum === undefined ? bytes : sha256Hex(bytes);
}

/** The key by which packages of pkgs.k8s.io are signed: nobody checks signatures here. */
export const RELEASE_KEY = `-----BEGIN PGP PUBLIC KEY BLOCK-----

mQENBGMHoXcBCADukGOEQyleViOgtkMVa7hKifP6POCTh+98xNW4TfHK/nBJN2sm
=lLZN
-----END PGP PUBLIC KEY BLOCK-----
`;
