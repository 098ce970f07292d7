/** What the frontend understood, as a plain object and as text (contract: `kerf import`). */
import type { ImportTotals } from "../../ir/counts.js";
import { bindable } from "../../ir/diagnostics/onnx.js";
import type { Diagnostic } from "../../ir/diagnostics.js";
import type { CoverageEntry, CoverageStatus, Layer, Network } from "../../ir/network.js";
import { diagnosticJson } from "./diagnostic-json.js";
import type { ImportDocument } from "./import-schema.js";
import { grouped } from "./quantities.js";
import { ellipsis, printTable } from "./table.js";

/** `kerf import --json`. */
export const importDocument = (
  network: Network,
  totals: ImportTotals,
  diagnostics: readonly Diagnostic[],
): ImportDocument => ({
  format: "kerf/import",
  version: 1,
  model: { name: network.name },
  totals: { ...totals, byOp: { ...totals.byOp }, unknown: [...totals.unknown] },
  layers: network.layers.map(layerJson),
  coverage: [...network.coverage],
  diagnostics: diagnostics.map(diagnosticJson),
});

const layerJson = ({ id, name, kind, op, nodes, loops, macs, operands }: Layer): ImportDocument["layers"][number] => ({
  id,
  name,
  kind,
  op,
  nodes: [...nodes],
  dims: Object.fromEntries(loops.map(({ dim, size }) => [dim, size])),
  macs,
  operands: operands.map(({ name: operand, role, tensor }) => ({
    name: operand,
    role,
    ...(tensor !== undefined && { tensor }),
  })),
});

/** Totals, then one line per operator type and fate, then what is not known, then the layer that each node went to. */
export function printImport(network: Network, totals: ImportTotals): string {
  const lines = [
    `${network.name}: ${grouped(network.coverage.length)} nodes, ${grouped(network.layers.length)} layers`,
    `MACs ${grouped(totals.macs)}, weights ${grouped(totals.weightElements)} elements`,
    "",
    ...printCoverage(network.coverage, totals),
    ...printUnknown(totals),
    ...printLayers(network),
  ];
  return `${lines.join("\n")}\n`;
}

function printCoverage(coverage: readonly CoverageEntry[], totals: ImportTotals): readonly string[] {
  const groups = new Map<string, { opType: string; status: CoverageStatus; reason: string; count: number }>();
  for (const { opType, status, reason = "" } of coverage) {
    const key = JSON.stringify([opType, status, reason]);
    const group = groups.get(key) ?? { opType, status, reason, count: 0 };
    groups.set(key, { ...group, count: group.count + 1 });
  }
  const rows = [...groups.values()];
  rows.sort((a, b) => compare(a.opType, b.opType) || ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
  const cells = rows.map(({ opType, status, count, reason }, index) => {
    const isCounted = rows[index - 1]?.opType !== opType && Object.hasOwn(totals.byOp, opType);
    const macs = isCounted ? grouped(totals.byOp[opType]!.macs) : "–";
    return [ellipsis(opType, NAME_LIMIT), grouped(count), status, macs, ellipsis(reason, 80)];
  });
  const types = new Set(rows.map(({ opType }) => opType));
  const inlined = Object.entries(totals.byOp).filter(([opType]) => !types.has(opType));
  for (const [opType, { macs }] of inlined)
    cells.push([ellipsis(opType, NAME_LIMIT), "–", "inlined", grouped(macs), "in a local function"]);
  const sum = ["all", grouped(coverage.length), "", grouped(totals.macs), ""];
  const heading = ["operator", "nodes", "status", "MACs", "reason"];
  const table = printTable([heading, ...cells, sum], ["left", "right", "left", "right", "left"], "  ");
  const { macs } = totals.other;
  return macs === 0 ? table : [...table, `  beside these, bodies and decomposed operators have ${grouped(macs)} MACs`];
}

/** Characters of a name that are shown; the JSON has all of them. */
const NAME_LIMIT = 60;

/** Layers that are shown one by one; the JSON lists all of them. */
const SHOWN_LAYERS = 100;

function printLayers({ layers, coverage }: Network): readonly string[] {
  if (layers.length === 0) return [];
  const nodesOf = new Map<string, string[]>();
  for (const { node, layer } of coverage)
    if (layer !== undefined) nodesOf.set(layer, [...(nodesOf.get(layer) ?? []), node]);
  const rows = layers.slice(0, SHOWN_LAYERS).map(({ id, op, loops, macs, nodes }) => {
    const extents = loops.filter(({ size }) => size > 1).map(({ dim, size }) => `${dim}${size}`);
    const from = (nodesOf.get(id) ?? nodes).filter((node) => node !== id);
    return [
      ellipsis(id, NAME_LIMIT),
      ellipsis(op, NAME_LIMIT),
      ellipsis(extents.join(" "), 80),
      macs === 0 ? "–" : grouped(macs),
      ellipsis(from.join(", "), 60),
    ];
  });
  const heading = ["layer", "operator", "loops", "MACs", "also stands for"];
  const more = layers.length - rows.length;
  return [
    "",
    ...printTable([heading, ...rows], ["left", "left", "left", "right", "left"], "  "),
    ...(more > 0 ? [`  and ${grouped(more)} more layers; --json lists all`] : []),
  ];
}

const ORDER: readonly CoverageStatus[] = ["lowered", "moved", "view", "folded", "opaque", "refused"];

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function printUnknown({ unknown }: ImportTotals): readonly string[] {
  if (unknown.length === 0) return [];
  const rows = unknown.map(({ layer, symbol, reason }) => [
    ellipsis(layer, NAME_LIMIT),
    symbol === undefined ? "–" : `--bind '${ellipsis(bindable(symbol), NAME_LIMIT)}=<n>'`,
    ellipsis(reason, 200),
  ]);
  return ["", "not counted:", ...printTable([["layer", "way out", "reason"], ...rows], ["left", "left", "left"], "  ")];
}
