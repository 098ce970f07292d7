/** Source files and what they import, read with the compiler's own parser. */
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import ts from "typescript";

export interface Import {
  readonly specifier: string;
  /** `import("…")` in an expression: loaded when it is reached. */
  readonly isDynamic: boolean;
  /** `export … from`: what a barrel is made of. */
  readonly isReExport: boolean;
}

/** Text of every `.ts` file below `folder`, by path relative to the repository's root. */
export function readSources(folder: string): ReadonlyMap<string, string> {
  const root = new URL("../../", import.meta.url);
  const files = readdirSync(new URL(`${folder}/`, root), { recursive: true, encoding: "utf8" });
  const paths = files
    .filter((file) => file.endsWith(".ts"))
    .map((file) => posix.join(folder, file.replaceAll("\\", "/")));
  return new Map(paths.sort().map((path) => [path, readFileSync(new URL(path, root), "utf8")]));
}

/** Every import of a file, type-only ones included, in order. */
export function importsOf(path: string, text: string): readonly Import[] {
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    const entry = asImport(node);
    if (entry !== undefined) found.push(entry);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest));
  return found;
}

function asImport(node: ts.Node): Import | undefined {
  if (ts.isImportDeclaration(node)) return entry(node.moduleSpecifier);
  if (ts.isExportDeclaration(node)) return entry(node.moduleSpecifier, { isReExport: true });
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return entry(node.argument.literal);
  if (!ts.isCallExpression(node) || node.expression.kind !== ts.SyntaxKind.ImportKeyword) return undefined;
  return entry(node.arguments[0], { isDynamic: true });
}

function entry(specifier: ts.Node | undefined, kind: Partial<Import> = {}): Import | undefined {
  if (specifier === undefined || !ts.isStringLiteral(specifier)) return undefined;
  return { specifier: specifier.text, isDynamic: false, isReExport: false, ...kind };
}

/** Path of the source file that a relative specifier names: `./b.js` in `src/a.ts` is `src/b.ts`. */
export const resolveImport = (from: string, specifier: string): string =>
  posix.join(posix.dirname(from), specifier).replace(/\.js$/, ".ts");

/** Groups of nodes that reach each other (Tarjan's strongly connected components of more than one node, or with a self-loop). */
export function cycles(graph: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (node: string): number => {
    const order = index.size;
    index.set(node, order);
    stack.push(node);
    let lowest = order;
    for (const next of graph.get(node) ?? []) {
      if (!index.has(next)) lowest = Math.min(lowest, visit(next));
      else if (stack.includes(next)) lowest = Math.min(lowest, low.get(next) ?? index.get(next) ?? lowest);
    }
    low.set(node, lowest);
    if (lowest < order) return lowest;
    const group = stack.splice(stack.indexOf(node)).sort();
    if (group.length > 1 || graph.get(node)?.includes(node)) found.push(group);
    return lowest;
  };
  for (const node of graph.keys()) if (!index.has(node)) visit(node);
  return found;
}
