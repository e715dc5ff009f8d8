/** What the command line of pr(1) asks for. */

export interface Layout {
  firstPage: number;
  lastPage: number;
  columns: number;
  across: boolean;
  parallel: boolean;
  hat: boolean;
  octal: boolean;
  doubleSpace: boolean;
  dateFormat: string;
  inTab: string;
  inTabWidth: number;
  untabify: boolean;
  outTab: string;
  outTabWidth: number;
  tabify: boolean;
  formFeed: boolean;
  header: string | undefined;
  join: boolean;
  length: number;
  numbered: boolean;
  numberSeparator: string;
  digits: number;
  skipCount: boolean;
  firstNumber: number;
  margin: number;
  separator: string;
  separates: boolean;
  extremities: boolean;
  keepFormFeeds: boolean;
  truncates: boolean;
  width: number;
}

export function layoutOf(): Layout {
  return {
    firstPage: 1,
    lastPage: Number.POSITIVE_INFINITY,
    columns: 1,
    across: false,
    parallel: false,
    hat: false,
    octal: false,
    doubleSpace: false,
    dateFormat: "%Y-%m-%d %H:%M",
    inTab: "\t",
    inTabWidth: 8,
    untabify: false,
    outTab: "\t",
    outTabWidth: 8,
    tabify: false,
    formFeed: false,
    header: undefined,
    join: false,
    length: 66,
    numbered: false,
    numberSeparator: "\t",
    digits: 5,
    skipCount: true,
    firstNumber: 1,
    margin: 0,
    separator: "",
    separates: false,
    extremities: true,
    keepFormFeeds: false,
    truncates: false,
    width: 72,
  };
}
