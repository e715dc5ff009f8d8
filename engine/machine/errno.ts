/** Error numbers of Linux with the texts of glibc's strerror. */
const TEXT = {
  EPERM: "Operation not permitted",
  ENOENT: "No such file or directory",
  ESRCH: "No such process",
  EINTR: "Interrupted system call",
  EIO: "Input/output error",
  ENXIO: "No such device or address",
  E2BIG: "Argument list too long",
  ENOEXEC: "Exec format error",
  EBADF: "Bad file descriptor",
  ECHILD: "No child processes",
  EAGAIN: "Resource temporarily unavailable",
  ENOMEM: "Cannot allocate memory",
  EACCES: "Permission denied",
  EBUSY: "Device or resource busy",
  EEXIST: "File exists",
  EXDEV: "Invalid cross-device link",
  ENODEV: "No such device",
  ENOTDIR: "Not a directory",
  EISDIR: "Is a directory",
  EINVAL: "Invalid argument",
  EMFILE: "Too many open files",
  ENOTTY: "Inappropriate ioctl for device",
  ETXTBSY: "Text file busy",
  EFBIG: "File too large",
  ENOSPC: "No space left on device",
  ESPIPE: "Illegal seek",
  EROFS: "Read-only file system",
  EPIPE: "Broken pipe",
  ENAMETOOLONG: "File name too long",
  ENOTEMPTY: "Directory not empty",
  ELOOP: "Too many levels of symbolic links",
} as const;

export type ErrnoCode = keyof typeof TEXT;

/**
 * What a system call of the simulated machine throws. `message` is strerror's text. It is no `Error`: a missing file is
 * an everyday answer, and recording the host's stack each time costs more than the call itself.
 */
export class Errno {
  readonly code: ErrnoCode;
  readonly message: string;
  /** With EINTR of a write: bytes that went through before. */
  readonly written: number;

  constructor(code: ErrnoCode, written = 0) {
    this.code = code;
    this.written = written;
    this.message = TEXT[code];
  }
}

export function isErrno(error: unknown, code?: ErrnoCode): error is Errno {
  return error instanceof Errno && (code === undefined || error.code === code);
}
