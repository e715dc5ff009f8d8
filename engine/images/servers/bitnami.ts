import type { ImageDef } from "../image.ts";
import { databaseImage, type Packed, version } from "./databases.ts";

/** Bitnami's databases: the same programs, which refuse an empty password unless told, and have variables of their own. */

const TAGS = /^(latest|\d+(\.\d+){0,2})(-debian-\d+(-r\d+)?)?$/;

/** `postgresql 09:00:00.12 ERROR ==> …`, and how an empty password can be allowed. */
function before(name: string, variable: string, rest: string): string {
  return `#!/bin/bash
note() { echo "${name} $(date +%T).00 $1 ==> $2"; }
note INFO "Welcome to the Bitnami ${name} container"
if [ -z "$${variable}" ] && [ "$ALLOW_EMPTY_PASSWORD" != yes ] && [ "$1" = "\${1#/}" ]; then
  note ERROR "The ${variable} environment variable is empty or not set. Set the environment variable ALLOW_EMPTY_PASSWORD=yes to allow a blank password. This is only recommended for development environments."
  exit 1
fi
${rest}exec docker-entrypoint.sh "$@"
`;
}

const bitnami = (name: string, packed: Omit<Packed, "names" | "tags" | "runAs" | "user">): ImageDef =>
  databaseImage({
    names: [`docker.io/bitnami/${name}`],
    tags: TAGS,
    runAs: "1001",
    user: { name: "bitnami", uid: 1001 },
    ...packed,
  });

export const BITNAMI_IMAGES: readonly ImageDef[] = [
  bitnami("postgresql", {
    sizeBytes: 106_000_000,
    program: "postgres",
    tools: ["pg_isready", "psql"],
    env: (tag) => ({
      PG_VERSION: version(tag, "17.4.0"),
      PGDATA: "/bitnami/postgresql/data",
    }),
    port: "5432/tcp",
    data: "/bitnami/postgresql",
    before: before(
      "postgresql",
      "POSTGRESQL_PASSWORD",
      `export POSTGRES_PASSWORD=$POSTGRESQL_PASSWORD POSTGRES_USER=\${POSTGRESQL_USERNAME:-postgres}
export POSTGRES_DB=\${POSTGRESQL_DATABASE:-$POSTGRES_USER}
[ -n "$POSTGRES_PASSWORD" ] || export POSTGRES_HOST_AUTH_METHOD=trust
`,
    ).replace("if [ -z", ': "${POSTGRESQL_PASSWORD:=$POSTGRES_PASSWORD}"\nif [ -z'),
  }),
  bitnami("mysql", {
    sizeBytes: 190_000_000,
    program: "mysqld",
    tools: ["mysql", "mysqladmin"],
    env: (tag) => ({ MYSQL_VERSION: version(tag, "8.4.4"), MYSQL_DATA_DIR: "/bitnami/mysql/data" }),
    port: "3306/tcp",
    data: "/bitnami/mysql",
    before: before(
      "mysql",
      "MYSQL_ROOT_PASSWORD",
      '[ -n "$MYSQL_ROOT_PASSWORD" ] || export MYSQL_ALLOW_EMPTY_PASSWORD=yes\n',
    ),
  }),
  bitnami("mariadb", {
    sizeBytes: 120_000_000,
    program: "mariadbd",
    tools: ["mysql", "mysqladmin"],
    links: { mariadb: "mysql", "mariadb-admin": "mysqladmin" },
    env: (tag) => ({ MARIADB_VERSION: version(tag, "11.4.5"), MARIADB_DATA_DIR: "/bitnami/mariadb/data" }),
    port: "3306/tcp",
    data: "/bitnami/mariadb",
    before: before(
      "mariadb",
      "MARIADB_ROOT_PASSWORD",
      '[ -n "$MARIADB_ROOT_PASSWORD" ] || export MARIADB_ALLOW_EMPTY_ROOT_PASSWORD=yes\n',
    ),
  }),
  bitnami("mongodb", {
    sizeBytes: 270_000_000,
    program: "mongod",
    env: (tag) => ({ MONGO_VERSION: version(tag, "8.0.5"), MONGODB_DATA_DIR: "/bitnami/mongodb/data/db" }),
    port: "27017/tcp",
    data: "/bitnami/mongodb",
    before: '#!/bin/bash\nexec docker-entrypoint.sh "$@"\n',
  }),
];
