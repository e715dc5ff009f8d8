import type { Program } from "../../machine/process.ts";
import { ar } from "./ar.ts";
import { awk } from "./awk/index.ts";
import { base32, base64, basenc } from "./base64.ts";
import { bc } from "./bc/index.ts";
import { comm, paste } from "./beside.ts";
import { bunzip2, bzcat, bzip2 } from "./bzip2.ts";
import { cal, ncal } from "./cal.ts";
import { cat } from "./cat.ts";
import { cksum, sum } from "./cksum.ts";
import { cmp } from "./cmp.ts";
import { col, colrm } from "./col.ts";
import { column } from "./column.ts";
import { cp } from "./cp.ts";
import { cpio } from "./cpio.ts";
import { csplit } from "./csplit.ts";
import { cut } from "./cut.ts";
import { date } from "./date.ts";
import { dd } from "./dd.ts";
import { diff } from "./diff.ts";
import { diff3 } from "./diff3.ts";
import { dircolors } from "./dircolors.ts";
import { du } from "./du.ts";
import { echo } from "./echo.ts";
import { nano } from "./editor/nano/index.ts";
import { vi } from "./editor/vi/index.ts";
import { env } from "./env.ts";
import { expand, unexpand } from "./expand.ts";
import { expr } from "./expr.ts";
import { factor } from "./factor.ts";
import { file } from "./file.ts";
import { link, sync, truncate, unlink } from "./file-ops.ts";
import { find } from "./find.ts";
import { fmt } from "./fmt.ts";
import { grep } from "./grep.ts";
import { gunzip, gzip, zcat } from "./gzip.ts";
import { b2sum, md5sum, sha1sum, sha224sum, sha256sum, sha384sum, sha512sum } from "./hash.ts";
import { head } from "./head.ts";
import { hexdump, strings, xxd } from "./hexdump.ts";
import { install, nice } from "./install.ts";
import { join } from "./join.ts";
import { jq } from "./jq/index.ts";
import { setsid, stdbuf } from "./launch.ts";
import { fold, rev, tac } from "./lines.ts";
import { dir, ls, vdir } from "./ls.ts";
import { mkdir } from "./mkdir.ts";
import { mkfifo } from "./mkfifo.ts";
import { mv } from "./mv.ts";
import { nl } from "./nl.ts";
import { envsubst, numfmt } from "./numfmt.ts";
import { od } from "./od.ts";
import { chgrp, chmod, chown } from "./ownership.ts";
import { less, more } from "./pager/index.ts";
import { patch } from "./patch.ts";
import { basename, dirname, ln, pwd, readlink, realpath, rmdir } from "./paths.ts";
import { pr } from "./pr.ts";
import { printf } from "./printf.ts";
import { rm } from "./rm.ts";
import { mktemp, nohup, printenv, timeout, which, yes } from "./run.ts";
import { sdiff } from "./sdiff.ts";
import { sed } from "./sed/index.ts";
import { seq } from "./seq.ts";
import { shuf } from "./shuf.ts";
import { sleep } from "./sleep.ts";
import { chcon, pathchk, runcon, shred } from "./small-files.ts";
import { sort } from "./sort.ts";
import { split } from "./split.ts";
import { stat } from "./stat.ts";
import { tail } from "./tail.ts";
import { tar } from "./tar.ts";
import { tee } from "./tee.ts";
import { testProgram } from "./test.ts";
import { touch } from "./touch.ts";
import { tr } from "./tr.ts";
import { tree } from "./tree.ts";
import { falseProgram, trueProgram } from "./true.ts";
import { tsort } from "./tsort.ts";
import { uniq } from "./uniq.ts";
import { unzip } from "./unzip.ts";
import { watch } from "./watch.ts";
import { wc } from "./wc.ts";
import { xargs } from "./xargs.ts";
import { lzcat, lzma, unlzma, unxz, xz, xzcat } from "./xz.ts";
import { yq } from "./yq.ts";
import { zip } from "./zip.ts";

/** Every text and file tool by its name. */
export const textPrograms: Record<string, Program> = {
  "[": testProgram,
  test: testProgram,
  basenc,
  bunzip2,
  bzcat,
  bzip2,
  chcon,
  dir,
  dircolors,
  fmt,
  pathchk,
  runcon,
  shred,
  vdir,
  cksum,
  col,
  colrm,
  sum,
  expand,
  unexpand,
  factor,
  setsid,
  stdbuf,
  mkfifo,
  tsort,
  sha224sum,
  sha384sum,
  sha512sum,
  b2sum,
  nawk: awk,
  ncal,
  hd: hexdump,
  ar,
  awk,
  patch,
  bc,
  yq,
  editor: nano,
  nano,
  vi,
  view: vi,
  vim: vi,
  gunzip,
  gzip,
  tar,
  zcat,
  xxd,
  unlink,
  truncate,
  sync,
  strings,
  split,
  shuf,
  od,
  numfmt,
  nice,
  link,
  join,
  install,
  hexdump,
  file,
  expr,
  envsubst,
  du,
  dd,
  cal,
  base32,
  base64,
  basename,
  cat,
  chgrp,
  chmod,
  chown,
  cmp,
  column,
  comm,
  cp,
  cpio,
  csplit,
  cut,
  date,
  diff,
  diff3,
  dirname,
  echo,
  egrep: grep,
  env,
  false: falseProgram,
  fgrep: grep,
  find,
  fold,
  gawk: awk,
  mawk: awk,
  grep,
  head,
  jq,
  less,
  ln,
  ls,
  md5sum,
  mkdir,
  mktemp,
  more,
  mv,
  nl,
  nohup,
  paste,
  pr,
  printenv,
  printf,
  pwd,
  readlink,
  realpath,
  rev,
  rm,
  rmdir,
  sdiff,
  sed,
  seq,
  sha1sum,
  sha256sum,
  sleep,
  sort,
  stat,
  tac,
  tail,
  tee,
  timeout,
  touch,
  tr,
  tree,
  true: trueProgram,
  uniq,
  watch,
  wc,
  which,
  xargs,
  yes,
  lzcat,
  lzma,
  unlzma,
  unxz,
  xz,
  xzcat,
  zip,
  unzip,
  zipinfo: unzip,
};
