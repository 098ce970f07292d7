/** The rooms of the house, and what each may import: a table, checked against every file under `src/`. */
import { describe, expect, it, test } from "vitest";
import { cycles, importsOf, readSources, resolveImport } from "./support/imports.js";

/** Room → rooms of ours that it may import, besides itself. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  ir: [],
  frontend: ["ir"],
  passes: ["ir"],
  backend: ["ir"],
  explore: ["ir", "passes"],
  "kerf.ts": ["ir", "frontend", "passes", "backend", "explore"],
  node: ["ir", "frontend", "passes", "backend", "explore", "kerf.ts"],
  cli: ["ir", "frontend", "passes", "backend", "explore", "kerf.ts", "node"],
};

/** Rooms that run in Node only; everything else runs in a browser too. */
const NODE_ROOMS = ["node", "cli"];

/** Foreign package → paths that may import it: one adapter each. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "@noble/hashes": ["src/backend/emit/"],
  commander: ["src/cli/"],
  long: ["src/frontend/onnx/", "src/backend/emit/annotate"],
  "onnx-proto": ["src/frontend/onnx/"],
  protobufjs: ["src/frontend/onnx/", "src/backend/emit/annotate"],
  tinypool: ["src/node/sweep-pool.ts"],
  graphlib: ["src/passes/depth-first/graph.ts"],
  yaml: ["src/frontend/yaml/"],
  zod: ["src/frontend/", "src/backend/emit/"],
};

const MAX_LINES = 400;

type Sources = ReadonlyMap<string, string>;

/** Every rule, each over all sources; a line of the result says which file breaks it and how. */
const RULES: Readonly<Record<string, (sources: Sources) => readonly string[]>> = {
  "every file belongs to a room": (sources) => [...sources.keys()].filter((path) => !(roomOf(path) in ROOMS)),

  "a room imports only what its row allows": (sources) =>
    edges(sources)
      .map(({ from, to }) => ({ from, to, source: roomOf(from), target: roomOf(to) }))
      .filter(({ source, target }) => source !== target && !ROOMS[source]?.includes(target))
      .map(({ from, to }) => `${from} imports ${to}`),

  "a relative import names an existing file, with '.js'": (sources) =>
    imports(sources, isRelative)
      .filter(({ path, specifier }) => !specifier.endsWith(".js") || !sources.has(resolveImport(path, specifier)))
      .map(({ path, specifier }) => `${path} imports '${specifier}'`),

  "only Node rooms know Node": (sources) =>
    imports(sources, (specifier) => specifier.startsWith("node:"))
      .filter(({ path }) => !NODE_ROOMS.includes(roomOf(path)))
      .map(({ path, specifier }) => `${path} imports '${specifier}'`),

  "a foreign package is imported by its adapter only": (sources) =>
    imports(sources, (specifier) => !isRelative(specifier) && !specifier.startsWith("node:"))
      .filter(({ path, specifier }) => !PACKAGES[packageOf(specifier)]?.some((place) => path.startsWith(place)))
      .map(({ path, specifier }) => `${path} imports '${specifier}'`),

  "modules are loaded on demand in Node rooms only": (sources) =>
    allImports(sources)
      .filter(({ path, isDynamic }) => isDynamic && !NODE_ROOMS.includes(roomOf(path)))
      .map(({ path, specifier }) => `${path} loads '${specifier}'`),

  "only the library's entry re-exports": (sources) =>
    allImports(sources)
      .filter(({ path, isReExport }) => isReExport && path !== "src/kerf.ts")
      .map(({ path, specifier }) => `${path} re-exports '${specifier}'`),

  "no file imports itself, however indirectly": (sources) =>
    cycles(new Map([...sources.keys()].map((path) => [path, targetsOf(sources, path)]))).map((group) =>
      group.join(" "),
    ),

  [`no file has more than ${MAX_LINES} lines`]: (sources) =>
    [...sources].filter(([, text]) => text.trimEnd().split("\n").length > MAX_LINES).map(([path]) => path),
};

describe("src/", () => {
  const sources = readSources("src");
  test.each(Object.entries(RULES))("%s", (_rule, check) => expect(check(sources)).toEqual([]));
});

// Each row breaks one rule on purpose: a check that finds nothing here would find nothing anywhere.
describe("the rules notice", () => {
  const ir = ["src/ir/units.ts", "export const bit = 1;"] as const;
  test.each`
    rule                                                      | files                                                                                           | what
    ${"every file belongs to a room"}                         | ${[["src/attic/a.ts", ""]]}                                                                     | ${"a new room"}
    ${"a room imports only what its row allows"}              | ${[["src/ir/a.ts", 'import "../passes/b.js";'], ["src/passes/b.ts", ""]]}                       | ${"ir that knows passes"}
    ${"a room imports only what its row allows"}              | ${[["src/passes/a.ts", 'import type { B } from "../backend/b.js";'], ["src/backend/b.ts", ""]]} | ${"a type of another room"}
    ${"a relative import names an existing file, with '.js'"} | ${[["src/ir/a.ts", 'import { bit } from "./units";'], ir]}                                      | ${"a missing extension"}
    ${"only Node rooms know Node"}                            | ${[["src/frontend/a.ts", 'import { readFileSync } from "node:fs";']]}                           | ${"a frontend that reads files"}
    ${"a foreign package is imported by its adapter only"}    | ${[["src/cli/a.ts", 'import onnxProto from "onnx-proto";']]}                                    | ${"a second ONNX adapter"}
    ${"a foreign package is imported by its adapter only"}    | ${[["src/ir/a.ts", 'type D = import("left-pad/lib").D;']]}                                      | ${"an unlisted package"}
    ${"modules are loaded on demand in Node rooms only"}      | ${[["src/explore/a.ts", 'const b = await import("../ir/units.js");'], ir]}                      | ${"a dynamic import"}
    ${"only the library's entry re-exports"}                  | ${[["src/ir/index.ts", 'export * from "./units.js";'], ir]}                                     | ${"a barrel"}
    ${"no file imports itself, however indirectly"}           | ${[["src/ir/a.ts", 'import "./b.js";'], ["src/ir/b.ts", 'import type { A } from "./a.js";']]}   | ${"a cycle of two"}
    ${"no file has more than 400 lines"}                      | ${[["src/ir/a.ts", "let a = 1;\n".repeat(401)]]}                                                | ${"a long file"}
  `("$what", ({ rule, files }) => expect(RULES[rule]?.(new Map(files))).toHaveLength(1));

  it("finds a cycle of three behind a tail, and leaves a diamond alone", () => {
    const graph = { a: ["b"], b: ["c", "d"], c: ["e"], d: ["e"], e: ["f"], f: ["g"], g: ["e"] };
    expect(cycles(new Map(Object.entries(graph)))).toEqual([["e", "f", "g"]]);
  });
});

/** `ir` of `src/ir/units.ts`; `kerf.ts` of `src/kerf.ts`. */
function roomOf(path: string): string {
  return path.split("/")[1] ?? "";
}

/** `@scope/name` or `name`, without the path inside the package. */
function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function isRelative(specifier: string): boolean {
  return specifier.startsWith(".");
}

function allImports(sources: Sources) {
  return [...sources].flatMap(([path, text]) => importsOf(path, text).map((found) => ({ path, ...found })));
}

function imports(sources: Sources, keep: (specifier: string) => boolean) {
  return allImports(sources).filter(({ specifier }) => keep(specifier));
}

function edges(sources: Sources) {
  return imports(sources, isRelative).map(({ path, specifier }) => ({
    from: path,
    to: resolveImport(path, specifier),
  }));
}

function targetsOf(sources: Sources, path: string): readonly string[] {
  return edges(new Map([[path, sources.get(path) ?? ""]])).map(({ to }) => to);
}
