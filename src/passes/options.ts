/** Options of passes: name, help, default and parser written once; the pipeline parser, `kerf passes` and the docs read them. */

/** One option: how its text is read and written. */
export interface OptionSpec<T> {
  readonly help: string;
  /** What a value looks like: `<n>`, `a|b|c`. */
  readonly syntax: string;
  /** Value where the option is left out. */
  readonly fallback: T;
  /** @returns the value, or `undefined` when the text is not one */
  parse(text: string): T | undefined;
  print(value: T): string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec<unknown>>>;

/** Values of a pass's options, inferred from its specs. */
export type OptionValues<S extends OptionSpecs> = {
  readonly [K in keyof S]: S[K] extends OptionSpec<infer T> ? T : never;
};

export function positiveInt(fallback: number, help: string): OptionSpec<number> {
  return { help, syntax: "<n>", fallback, parse: parsePositiveInt, print: String };
}

/** A positive integer or `none`, which means no limit. */
export function positiveIntOrNone(fallback: number | "none", help: string): OptionSpec<number | "none"> {
  const parse = (text: string) => (text === "none" ? "none" : parsePositiveInt(text));
  return { help, syntax: "<n>|none", fallback, parse, print: String };
}

export function choice<const T extends string>(fallback: T, choices: readonly T[], help: string): OptionSpec<T> {
  const parse = (text: string) => choices.find((candidate) => candidate === text);
  return { help, syntax: choices.join("|"), fallback, parse, print: String };
}

/** Comma-separated names; a comma in a name is written `\,`. */
export function names(help: string): OptionSpec<readonly string[]> {
  return { help, syntax: "<name>[,<name>…]", fallback: [], parse: splitNames, print: joinNames };
}

/** Width and height of a tile, or `full`. */
export type TileSize = "full" | { readonly width: number; readonly height: number };

export function tileSize(fallback: TileSize, help: string): OptionSpec<TileSize> {
  return { help, syntax: "<W>x<H>|full", fallback, parse: parseTileSize, print: printTileSize };
}

/** @returns `undefined` for anything but `full` and `<W>x<H>` with positive whole numbers */
export function parseTileSize(text: string): TileSize | undefined {
  if (text === "full") return "full";
  const match = /^(\d{1,9})x(\d{1,9})$/.exec(text);
  const [width, height] = [Number(match?.[1]), Number(match?.[2])];
  return width >= 1 && height >= 1 ? { width, height } : undefined;
}

export const printTileSize = (tile: TileSize): string => (tile === "full" ? "full" : `${tile.width}x${tile.height}`);

/** Splits at commas that no backslash precedes. */
export const splitNames = (text: string): readonly string[] =>
  text === "" ? [] : text.split(/(?<!\\),/).map((name) => name.replaceAll("\\,", ","));

export const joinNames = (list: readonly string[]): string => list.map((name) => name.replaceAll(",", "\\,")).join(",");

function parsePositiveInt(text: string): number | undefined {
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}
