/** Error numbers of Linux with the texts of glibc's strerror. */
const ERRORS = {
  EPERM: [1, "Operation not permitted"],
  ENOENT: [2, "No such file or directory"],
  ESRCH: [3, "No such process"],
  EINTR: [4, "Interrupted system call"],
  EIO: [5, "Input/output error"],
  ENXIO: [6, "No such device or address"],
  E2BIG: [7, "Argument list too long"],
  ENOEXEC: [8, "Exec format error"],
  EBADF: [9, "Bad file descriptor"],
  ECHILD: [10, "No child processes"],
  EAGAIN: [11, "Resource temporarily unavailable"],
  ENOMEM: [12, "Cannot allocate memory"],
  EACCES: [13, "Permission denied"],
  EBUSY: [16, "Device or resource busy"],
  EEXIST: [17, "File exists"],
  EXDEV: [18, "Invalid cross-device link"],
  ENODEV: [19, "No such device"],
  ENOTDIR: [20, "Not a directory"],
  EISDIR: [21, "Is a directory"],
  EINVAL: [22, "Invalid argument"],
  EMFILE: [24, "Too many open files"],
  ENOTTY: [25, "Inappropriate ioctl for device"],
  ETXTBSY: [26, "Text file busy"],
  EFBIG: [27, "File too large"],
  ENOSPC: [28, "No space left on device"],
  ESPIPE: [29, "Illegal seek"],
  EROFS: [30, "Read-only file system"],
  EPIPE: [32, "Broken pipe"],
  ENAMETOOLONG: [36, "File name too long"],
  ENOTEMPTY: [39, "Directory not empty"],
  ELOOP: [40, "Too many levels of symbolic links"],
} as const;

export type ErrnoCode = keyof typeof ERRORS;

/**
 * What a system call of the simulated machine throws. `message` is strerror's text. It is no `Error`: a missing file is
 * an everyday answer, and recording the host's stack each time costs more than the call itself.
 */
export class Errno {
  readonly code: ErrnoCode;
  readonly message: string;
  readonly number: number;
  /** With EINTR of a write: bytes that went through before. */
  readonly written: number;

  constructor(code: ErrnoCode, written = 0) {
    this.code = code;
    this.written = written;
    [this.number, this.message] = ERRORS[code];
  }
}

export function isErrno(error: unknown, code?: ErrnoCode): error is Errno {
  return error instanceof Errno && (code === undefined || error.code === code);
}
