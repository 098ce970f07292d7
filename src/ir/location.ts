/** Where in the user's input something stands; every part is optional, present parts are printed in this order. */
export interface Location {
  /** File as the user named it. */
  readonly file?: string;
  /** One-based line and column of a text file. */
  readonly line?: number;
  readonly column?: number;
  /** ONNX node, layer or accelerator field, as its file names it. */
  readonly node?: string;
  /** Dotted path of a field, or the name of an option. */
  readonly field?: string;
}

/** `file:line:column: node 'n': field`, with the parts that are known. */
export function printLocation(loc: Location): string {
  const position = loc.line === undefined ? "" : `:${loc.line}${loc.column === undefined ? "" : `:${loc.column}`}`;
  const parts = [
    loc.file === undefined ? undefined : `${loc.file}${position}`,
    loc.node === undefined ? undefined : `node '${loc.node}'`,
    loc.field,
  ];
  return parts.filter((part) => part !== undefined).join(": ");
}
