/** Scripts of gzip's package: looking into compressed files with grep, less and diff. */

const GREP = `#!/bin/sh
# zgrep: grep in files that may be compressed; zegrep and zfgrep are it by other names.
how=
case $0 in
  *zegrep) how=-E ;;
  *zfgrep) how=-F ;;
esac
quoted() { printf "'%s' " "$(printf '%s' "$1" | sed "s/'/'\\\\\\\\''/g")"; }
args= pattern= names=
while [ $# -gt 0 ]; do
  case $1 in
    --) shift; break ;;
    --help) echo "Usage: \${0##*/} [OPTION]... [-e] PATTERN [FILE]..."; exit 0 ;;
    -[ABCDXdefm])
      if [ "$1" = -e ] || [ "$1" = -f ]; then pattern=given; fi
      args="$args$(quoted "$1")$(quoted "$2")"
      shift 2
      continue ;;
    -e* | -f* | --regexp=* | --file=*) pattern=given ;;
    -h | --no-filename | -H | --with-filename | -l | -L) names=own ;;
    -?*) ;;
    *) break ;;
  esac
  args="$args$(quoted "$1")"
  shift
done
if [ -z "$pattern" ]; then
  if [ $# -eq 0 ]; then
    echo "$0: missing pattern; try \\\`$0 --help' for help" >&2
    exit 2
  fi
  args="$args-e $(quoted "$1")"
  shift
fi
if [ $# -eq 0 ]; then
  gzip -cdfq | eval "grep $how $args"
  exit
fi
[ $# -gt 1 ] && [ -z "$names" ] && args="$args-H "
status=1
for file; do
  if [ ! -e "$file" ]; then
    echo "gzip: $file.gz: No such file or directory" >&2
    [ "$status" = 0 ] || status=2
    continue
  fi
  gzip -cdfq -- "$file" | eval "grep --label=$(quoted "$file") $how $args"
  one=$?
  if [ $one -eq 0 ] && [ $status -ne 2 ]; then status=0; fi
  if [ $one -gt 1 ]; then status=2; fi
done
exit $status
`;

const pager = (program: string) => `#!/bin/sh
# z${program}: ${program} for files that may be compressed.
[ $# -eq 0 ] && exec ${program}
gzip -cdfq -- "$@" | ${program}
`;

const compare = (program: string) => `#!/bin/sh
# z${program}: ${program} of files that may be compressed.
options=
while [ $# -gt 0 ]; do
  case $1 in
    -?*) options="$options $1"; shift ;;
    *) break ;;
  esac
done
case $# in
  0) echo "$0: invalid number of operands; try \\\`$0 --help' for help" >&2; exit 2 ;;
  1) set -- "$1" "\${1%.gz}" ;;
esac
for file; do
  [ -e "$file" ] || { echo "gzip: $file.gz: No such file or directory" >&2; exit 2; }
done
other=$(mktemp) || exit 2
trap 'rm -f "$other"' EXIT
gzip -cdfq -- "$2" > "$other"
case $2 in
  *.gz) gzip -cdfq -- "$1" | ${program} $options - "$other" ;;
  *) gzip -cdfq -- "$1" | ${program} $options - "$2" ;;
esac
`;

/** By name, in /usr/bin. */
export const GZIP_SCRIPTS: Readonly<Record<string, string>> = {
  zcmp: compare("cmp"),
  zdiff: compare("diff"),
  zegrep: GREP,
  zfgrep: GREP,
  zgrep: GREP,
  zless: pager("less"),
  zmore: pager("more"),
};
