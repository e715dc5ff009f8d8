import { alpineTree } from "../alpine.ts";
import { applets } from "../busybox.ts";
import { debianTree } from "../debian.ts";
import type { ImageDef } from "../image.ts";
import { DEFAULT_PATH, type Entry, rootfs, SKELETON } from "../rootfs.ts";

/** Images of books whose entrypoint is a shell script: it does what theirs do, and says what theirs say. */
interface Scripted {
  readonly names: readonly string[];
  readonly tags: RegExp;
  readonly megabytes: number;
  readonly on: "alpine" | "busybox" | "debian";
  readonly script: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, Entry>>;
}

const executable = (text: string): Entry => ({ text, mode: 0o755 });

/** A fortune, another one each time. */
const FORTUNE = executable(`#!/bin/bash
sayings=(
  "A watched Pod never becomes Ready."
  "He who edits in production learns in production."
  "Every label is a promise."
  "Two replicas are company, three are a quorum."
  "What was not logged did not happen."
  "The shortest way to a Node leads through its taints."
)
echo "\${sayings[RANDOM % \${#sayings[@]}]}"
`);

const WRITING = `while :
do
  echo $(date) Writing fortune to /var/htdocs/index.html
  /usr/games/fortune > /var/htdocs/index.html
  sleep $INTERVAL
done
`;

const fortune = (tags: RegExp, before: string): Scripted => ({
  names: ["luksa/fortune"],
  tags,
  megabytes: 55,
  on: "debian",
  script: `#!/bin/bash\ntrap "exit" SIGINT\n${before}mkdir -p /var/htdocs\n${WRITING}`,
  files: { "usr/games/fortune": FORTUNE },
});

const SAYING = "echo Configured to generate new fortune every $INTERVAL seconds\n";

/** What a learner is to find in a log: two of its users are in trouble. */
const EVENTS = `#!/bin/bash
users=(USER1 USER2 USER3 USER4)
acts=("logged in" "logged out" "is viewing page1" "is viewing page2" "is viewing page3")
count=0
say() { printf '[%s,%03d] %s in event-simulator: %s\\n' "$(date '+%F %T')" $((RANDOM % 1000)) "$1" "$2"; }
while :
do
  count=$((count + 1))
  say INFO "\${users[RANDOM % 4]} \${acts[RANDOM % 5]}"
  if [ $((count % 5)) -eq 0 ]; then say WARNING "USER5 Failed to Login as the account is locked due to MANY FAILED ATTEMPTS."; fi
  if [ $((count % 8)) -eq 0 ]; then say WARNING "USER7 Order failed as the item is OUT OF STOCK."; fi
  sleep 1
done
`;

const ROWS: readonly Scripted[] = [
  {
    names: ["kodekloud/event-simulator", "kodekloud/event-simulator-color"],
    tags: /^(latest|v\d)$/,
    megabytes: 25,
    on: "debian",
    script: EVENTS,
  },
  {
    names: ["kodekloud/throw-dice", "mmumshad/throw-dice"],
    tags: /^latest$/,
    megabytes: 3,
    on: "debian",
    script: "#!/bin/bash\nnumber=$((RANDOM % 6 + 1))\necho $number\n[ $number -eq 6 ]\n",
  },
  {
    names: ["chentex/random-logger"],
    tags: /^(latest|v\d[\d.]*)$/,
    megabytes: 5,
    on: "debian",
    script:
      '#!/bin/bash\nlevels=(INFO DEBUG WARN ERROR)\nwhile :\ndo\n  echo "$(date -u +%FT%T+0000) ${levels[RANDOM % 4]} A message of the application."\n  sleep 0.$((RANDOM % 9 + 1))\ndone\n',
  },
  fortune(/^latest$/, "INTERVAL=10\n"),
  fortune(/^args$/, `INTERVAL=\${1:-10}\n${SAYING}`),
  fortune(/^env$/, SAYING),
  {
    names: ["luksa/batch-job"],
    tags: /^latest$/,
    megabytes: 2,
    on: "busybox",
    script: '#!/bin/sh\necho "$(date) Batch job starting"\nsleep 120\necho "$(date) Finished succesfully"\n',
  },
  {
    names: ["luksa/ssd-monitor"],
    tags: /^latest$/,
    megabytes: 2,
    on: "busybox",
    script: '#!/bin/sh\nwhile true; do echo "SSD OK"; sleep 5; done\n',
  },
  {
    names: ["luksa/init-demo"],
    tags: /^(latest|0\.1)$/,
    megabytes: 2,
    on: "busybox",
    script:
      '#!/bin/sh\nsteps=${1:-5}\necho "Initialization started..."\nfor i in $(seq 1 $steps); do\n  echo "Performing initialization procedure $i/$steps"\n  sleep 1\ndone\necho "Initialization complete!"\n',
  },
  {
    names: ["luksa/network-connectivity-checker"],
    tags: /^(latest|0\.1)$/,
    megabytes: 2,
    on: "busybox",
    script:
      '#!/bin/sh\nhost=${1:-1.1.1.1}\necho "Checking network connectivity to ${host} ..."\nif ping -c 1 "$host" >/dev/null 2>&1; then echo "Host appears to be reachable"; else echo "Host unreachable!"; exit 1; fi\n',
  },
  {
    names: ["luksa/quote-writer"],
    tags: /^(latest|0\.1)$/,
    megabytes: 6,
    on: "alpine",
    env: { INTERVAL: "60", INPUT_FILE: "/book-quotes.txt" },
    script:
      '#!/bin/sh\ntrap "exit" INT\nto=${1:-/var/local/output/quote}\nmkdir -p "$(dirname "$to")"\necho "Quote Writer 0.1"\necho "Configured to write quote from ${INPUT_FILE} to $to every $INTERVAL seconds"\nwhile :\ndo\n  echo "$(date) Writing fortune..."\n  cat "$INPUT_FILE" > "$to"\n  sleep "$INTERVAL"\ndone\n',
    files: { "book-quotes.txt": "Pods are the unit that everything else is about.\n" },
  },
  {
    names: ["luksa/quiz-initdb-script-installer"],
    tags: /^(latest|0\.1)$/,
    megabytes: 2,
    on: "busybox",
    script:
      '#!/bin/sh\ncp /insert-questions.js /initdb.d/ && echo "Successfully copied insert-questions.js to /initdb.d" || echo "Error copying insert-questions.js to /initdb.d"\n',
    files: { "insert-questions.js": "db.getSiblingDB('kiada').questions.insertMany([]);\n" },
  },
  {
    names: ["kiamol/ch03-sleep"],
    tags: /^latest(-linux-amd64)?$/,
    megabytes: 8,
    on: "alpine",
    script: '#!/bin/sh\ntrap "exit 0" TERM INT\nwhile true; do sleep 1000 & wait $!; done\n',
    files: { "usr/bin/curl": { program: "curl" }, "usr/bin/jq": { program: "jq" } },
  },
];

const TREES: Readonly<Record<Scripted["on"], () => Record<string, Entry>>> = {
  alpine: () => alpineTree("3.21.3"),
  busybox: () => applets("bin"),
  debian: () => debianTree(),
};

export const SCRIPTED_IMAGES: readonly ImageDef[] = ROWS.map((row) => ({
  names: row.names.map((name) => `docker.io/${name}`),
  tags: row.tags,
  sizeBytes: row.megabytes * 1_000_000,
  rootfs: () => rootfs(SKELETON, TREES[row.on](), row.files ?? {}, { "entrypoint.sh": executable(row.script) }),
  entrypoint: ["/entrypoint.sh"],
  cmd: [],
  env: () => ({ PATH: DEFAULT_PATH, ...row.env }),
}));
