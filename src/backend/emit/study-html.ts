/** A study as one HTML file that needs no network: tables, and heat maps whose numbers stand in their cells. */
import type { HeatMap, StudyBlock, StudyResult, StudyTable } from "../../ir/study.js";
import { cellFormat, columnTexts, referenceLine, withUnit } from "./study-cells.js";

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1a1a1a}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;display:block;overflow-x:auto}
th,td{padding:.15rem .6rem;border-bottom:1px solid #ddd;text-align:left;white-space:nowrap}
.number{text-align:right}svg{max-width:100%;height:auto}figure{margin:1rem 0}figcaption,.note{color:#555}
@media (prefers-color-scheme:dark){body{background:#16181a;color:#e8e8e8}figcaption,.note{color:#aaa}th,td{border-color:#444}}`;

/** The same study gives the same bytes. */
export function studyHtml({ study, title, notes, blocks }: StudyResult): string {
  const sections = blocks.map((block) => `<section id="${escapeText(block.id)}">\n${renderBlock(block)}\n</section>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeText(`${study}: ${title}`)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeText(title)}</h1>
${notes.map((note) => `<p class="note">${escapeText(note)}</p>`).join("\n")}
${sections.join("\n")}
</body>
</html>
`;
}

const renderBlock = (block: StudyBlock): string =>
  block.kind === "heat-map" ? renderHeatMap(block) : block.isDetail ? folded(block) : renderTable(block);

const folded = (table: StudyTable): string =>
  `<details><summary>${escapeText(table.title)} (${table.rows.length} rows)</summary>\n${renderTable(table)}\n</details>`;

function renderTable({ title, note, columns, rows }: StudyTable): string {
  const texts = columns.map((column, index) =>
    columnTexts(
      column,
      rows.map((row) => row[index] ?? ""),
    ),
  );
  const cell = (tag: "th" | "td", row: number) =>
    texts
      .map((column, index) => {
        const kind = columns[index]?.unit === undefined ? "" : ' class="number"';
        return `<${tag}${kind}>${escapeText(column[row] ?? "")}</${tag}>`;
      })
      .join("");
  const body = rows.map((_, row) => `<tr>${cell("td", row + 1)}</tr>`).join("\n");
  const below = note === undefined ? "" : `\n<p class="note">${escapeText(note)}</p>`;
  return `<h2>${escapeText(title)}</h2>\n<table>\n<thead><tr>${cell("th", 0)}</tr></thead>\n<tbody>\n${body}\n</tbody>\n</table>${below}`;
}

const CELL = { width: 118, height: 34, left: 90, top: 44 } as const;

/** Darker is more, on a logarithmic scale: the values of one map span orders of magnitude. */
function renderHeatMap(map: HeatMap): string {
  const format = cellFormat(map.unit, map.values.flat());
  const title = withUnit(map.title, format.unit);
  const size = { width: CELL.left + map.columns.length * CELL.width, height: CELL.top + map.rows.length * CELL.height };
  const shade = shadeOf(map.values.flat());
  const cells = map.values.flatMap((row, r) =>
    row.map((value, c) =>
      renderCell(format.print(value), shade(value), CELL.left + c * CELL.width, CELL.top + r * CELL.height),
    ),
  );
  const columns = map.columns.map((text, c) => label(text, CELL.left + (c + 0.5) * CELL.width, CELL.top - 8, "middle"));
  const rows = map.rows.map((text, r) => label(text, CELL.left - 8, CELL.top + r * CELL.height + 21, "end"));
  const axes = [
    label(`${map.columnTitle} →`, CELL.left, 14, "start"),
    label(`${map.rowTitle} ↓`, 0, CELL.top - 8, "start"),
  ];
  const caption = [title, map.note, referenceLine(map)].filter((text) => text !== undefined).map(escapeText);
  return `<figure>
<svg viewBox="0 0 ${size.width} ${size.height}" width="${size.width}" role="img" aria-label="${escapeText(title)}" font-size="13" font-family="system-ui,sans-serif">
${[...axes, ...columns, ...rows, ...cells].join("\n")}
</svg>
<figcaption>${caption.join("<br>")}</figcaption>
</figure>`;
}

const label = (text: string, x: number, y: number, anchor: "start" | "middle" | "end"): string =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="currentColor">${escapeText(text)}</text>`;

function renderCell(text: string, shade: number, x: number, y: number): string {
  const lightness = Math.round(94 - 62 * shade);
  const ink = lightness < 58 ? "#fff" : "#111";
  return `<rect x="${x}" y="${y}" width="${CELL.width - 2}" height="${CELL.height - 2}" fill="hsl(210 60% ${lightness}%)"/><text x="${x + CELL.width / 2}" y="${y + CELL.height / 2 + 4}" text-anchor="middle" fill="${ink}">${escapeText(text)}</text>`;
}

/** 0 for the smallest value, 1 for the largest; values of 0 and below count as the smallest. */
function shadeOf(values: readonly number[]): (value: number) => number {
  const logs = values.filter((value) => value > 0).map(Math.log);
  const [least, most] = [Math.min(...logs), Math.max(...logs)];
  return (value) => (value <= 0 || most <= least ? 0 : (Math.log(value) - least) / (most - least));
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

const escapeText = (text: string): string => text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
