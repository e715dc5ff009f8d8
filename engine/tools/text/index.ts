import type { Program } from "../../machine/process.ts";
import { awk } from "./awk/index.ts";
import { cat } from "./cat.ts";
import { cp } from "./cp.ts";
import { cut } from "./cut.ts";
import { date } from "./date.ts";
import { echo } from "./echo.ts";
import { env } from "./env.ts";
import { find } from "./find.ts";
import { grep } from "./grep.ts";
import { md5sum, sha1sum, sha256sum } from "./hash.ts";
import { head } from "./head.ts";
import { jq } from "./jq/index.ts";
import { base64, cmp, column, comm, fold, nl, paste, rev, tac } from "./lines.ts";
import { ls } from "./ls.ts";
import { mkdir } from "./mkdir.ts";
import { mv } from "./mv.ts";
import { basename, chgrp, chmod, chown, dirname, ln, pwd, readlink, realpath, rmdir, stat } from "./paths.ts";
import { printf } from "./printf.ts";
import { rm } from "./rm.ts";
import { less, mktemp, nohup, printenv, timeout, watch, which, yes } from "./run.ts";
import { sed } from "./sed/index.ts";
import { seq } from "./seq.ts";
import { sleep } from "./sleep.ts";
import { sort } from "./sort.ts";
import { tail } from "./tail.ts";
import { tee } from "./tee.ts";
import { touch } from "./touch.ts";
import { tr } from "./tr.ts";
import { falseProgram, trueProgram } from "./true.ts";
import { uniq } from "./uniq.ts";
import { wc } from "./wc.ts";
import { xargs } from "./xargs.ts";

/** Every text and file tool by its name. */
export const textPrograms: Record<string, Program> = {
  awk,
  gawk: awk,
  cat,
  cp,
  cut,
  date,
  echo,
  env,
  false: falseProgram,
  egrep: grep,
  fgrep: grep,
  grep,
  head,
  jq,
  ls,
  mkdir,
  mv,
  printf,
  rm,
  sed,
  seq,
  sleep,
  sort,
  tail,
  tee,
  touch,
  tr,
  true: trueProgram,
  uniq,
  wc,
  md5sum,
  sha1sum,
  sha256sum,
  base64,
  cmp,
  column,
  comm,
  fold,
  nl,
  paste,
  rev,
  tac,
  less,
  more: less,
  mktemp,
  nohup,
  printenv,
  timeout,
  watch,
  which,
  yes,
  xargs,
  find,
  basename,
  chgrp,
  chmod,
  chown,
  dirname,
  ln,
  pwd,
  readlink,
  realpath,
  rmdir,
  stat,
};
