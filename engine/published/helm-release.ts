/** get.helm.sh, and the script by which people install helm. */
import { HELM_RELEASE } from "../api/build-info.ts";
import { encode, sha256Hex } from "../kernel/index.ts";
import { stamp } from "../machine/stamp.ts";
import { tarball } from "./tarball.ts";

const ARCHIVE = /^\/(helm-(v3\.\d{1,2}\.\d{1,2})-linux-amd64\.tar\.gz)(\.sha256(?:sum)?)?$/;

/** What a path of get.helm.sh gives; undefined where it has nothing. */
export function helmRelease(path: string): string | Uint8Array | undefined {
  if (path === "/helm-latest-version" || path === "/helm3-latest-version") return HELM_RELEASE;
  const [, file, release, sum] = ARCHIVE.exec(path) ?? [];
  if (release === undefined) return undefined;
  const packed = tarball([
    { name: "linux-amd64/", kind: "dir", mode: 0o755, bytes: new Uint8Array(0) },
    { name: "linux-amd64/helm", mode: 0o755, bytes: encode(stamp("helm", release)) },
    { name: "linux-amd64/LICENSE", bytes: encode("Apache License, Version 2.0\n") },
    { name: "linux-amd64/README.md", bytes: encode("# Helm\n") },
  ]);
  if (sum === undefined) return packed;
  return sum === ".sha256" ? sha256Hex(packed) : `${sha256Hex(packed)}  ${file}\n`;
}

/**
 * The installer: the release asked for (DESIRED_VERSION, --version), or the newest, goes to HELM_INSTALL_DIR; nothing is
 * done where it is there. It says what the project's own says.
 */
export const GET_HELM = `#!/usr/bin/env bash
# Installs helm 3.
: "\${HELM_INSTALL_DIR:=/usr/local/bin}"
: "\${USE_SUDO:=true}"
: "\${VERIFY_CHECKSUM:=true}"
wanted=$DESIRED_VERSION

as_root() { if [ "$USE_SUDO" = true ] && [ "$EUID" -ne 0 ]; then sudo "$@"; else "$@"; fi; }
fail() { echo "$1"; echo -e "\\tFor support, go to https://github.com/helm/helm."; exit 1; }

while [ $# -gt 0 ]; do
  case $1 in
    --version | -v)
      shift
      [ $# -gt 0 ] || { echo 'Please provide the desired version. e.g. --version v3.0.0 or -v canary'; exit 0; }
      wanted=$1
      case $wanted in v*) ;; *) echo "Expected version arg ('$wanted') to begin with 'v', fixing..."; wanted=v$wanted ;; esac
      ;;
    --no-sudo) USE_SUDO=false ;;
    --help | -h)
      echo "Accepted cli arguments are:"
      echo -e "\\t[--help|-h ] ->> prints this help"
      echo -e "\\t[--version|-v <desired_version>] . When not defined it fetches the latest release tag from the Helm CDN"
      echo -e "\\te.g. --version v3.0.0 or -v canary"
      echo -e "\\t[--no-sudo]  ->> install without sudo"
      exit 0
      ;;
    *) exit 1 ;;
  esac
  shift
done

set -e
tag=$wanted
[ -n "$tag" ] || tag=$(curl -L --silent --show-error --fail https://get.helm.sh/helm3-latest-version)
if [ -f "$HELM_INSTALL_DIR/helm" ]; then
  there=$("$HELM_INSTALL_DIR/helm" version --template='{{ .Version }}')
  if [ "$there" = "$tag" ]; then
    [ -n "$wanted" ] && echo "Helm $there is already $wanted" || echo "Helm $there is already latest"
    exit 0
  fi
  echo "Helm $tag is available. Changing from version $there."
fi
file=helm-$tag-linux-amd64.tar.gz
work=$(mktemp -dt helm-installer-XXXXXX)
trap 'rm -rf "$work"' EXIT
echo "Downloading https://get.helm.sh/$file"
curl -SsLf "https://get.helm.sh/$file" -o "$work/$file" || fail "Failed to install helm"
if [ "$VERIFY_CHECKSUM" = true ]; then
  printf 'Verifying checksum... '
  expected=$(curl -SsLf "https://get.helm.sh/$file.sha256")
  [ "$(openssl sha1 -sha256 "$work/$file" | awk '{print $2}')" = "$expected" ] || fail "SHA sum of $work/$file does not match. Aborting."
  echo Done.
fi
tar xf "$work/$file" -C "$work"
echo "Preparing to install helm into $HELM_INSTALL_DIR"
as_root cp "$work/linux-amd64/helm" "$HELM_INSTALL_DIR/helm"
echo "helm installed into $HELM_INSTALL_DIR/helm"
command -v helm >/dev/null || { echo "helm not found. Is $HELM_INSTALL_DIR on your "'$PATH?'; exit 1; }
`;
