/** A workload file of three small layers: thousands of points per second, every way to form stacks another result. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const conv = (id: number, k: number, c: number, size: number): string => `
- { id: ${id}, name: layer${id}, operator_type: Conv,
    loop_dims: [B, K, C, OY, OX, FY, FX], loop_sizes: [1, ${k}, ${c}, ${size}, ${size}, 3, 3],
    equation: "O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]", dimension_relations: [ix=1*ox+1*fx, iy=1*oy+1*fy],
    operand_precision: { O: 16, O_final: 8, W: 8, I: 8 }, operand_source: { I: [${id - 1}] },
    operand_source_dimension_mapping: { I: { IX: OX, IY: OY, C: K } } }`;

const TEXT = `
- { id: 1, name: input, operator_type: Input,
    loop_dims: [B, K, OY, OX], loop_sizes: [1, 2, 18, 18], operand_precision: { O: 8 } }
${conv(2, 8, 2, 16)}${conv(3, 8, 8, 14)}${conv(4, 4, 8, 12)}
`;

/** Writes it into a folder; its output has 12×12 elements. */
export function tinyWorkload(folder: string): string {
  const file = join(folder, "tiny.workload.yaml");
  writeFileSync(file, TEXT);
  return file;
}
