import { describe, expect, it, test } from "vitest";
import { readMapping } from "../../../src/frontend/zigzag/mapping.js";
import { type Diagnostic, DiagnosticError } from "../../../src/ir/diagnostics.js";

const unroll = (arrayDim: string, dim: string, size: number) => ({ arrayDim, dim, size });

describe("readMapping", () => {
  test.each`
    spatial                            | expected                                         | why
    ${"{D1: ['K, 32']}"}               | ${[unroll("D1", "K", 32)]}                       | ${"a list"}
    ${"{D1: 'K, 32'}"}                 | ${[unroll("D1", "K", 32)]}                       | ${"a text"}
    ${"{D1: ['K,8', ' OX , 4 ']}"}     | ${[unroll("D1", "K", 8), unroll("D1", "OX", 4)]} | ${"two loops on one dimension"}
    ${"{D2: ['C, 2'], D1: ['K, 4']}"}  | ${[unroll("D1", "K", 4), unroll("D2", "C", 2)]}  | ${"canonical order"}
    ${"{D10: ['C, 2'], D9: ['K, 4']}"} | ${[unroll("D9", "K", 4), unroll("D10", "C", 2)]} | ${"by number, not by letter"}
    ${"{D1: []}"}                      | ${[]}                                            | ${"an empty list"}
    ${"{}"}                            | ${[]}                                            | ${"no dimension"}
    ${"null"}                          | ${[]}                                            | ${"nothing"}
  `("unrolls $why", ({ spatial, expected }) => {
    const { dataflows, diagnostics } = readMapping(`- {name: Conv, spatial_mapping: ${spatial}}`, "m.yaml");
    expect(dataflows).toEqual([{ name: "Conv", unrolling: expected, links: { O: "O", I: "I1", W: "I2" } }]);
    expect(diagnostics).toEqual([]);
  });

  it("keeps the order of the file and the links of each entry", () => {
    const text = "- {name: default}\n- {name: Add, memory_operand_links: {O: O, X: I1, Y: I1}}\n";
    const { dataflows } = readMapping(text, "m.yaml");
    expect(dataflows.map(({ name, links }) => [name, links])).toEqual([
      ["default", { O: "O", I: "I1", W: "I2" }],
      ["Add", { O: "O", X: "I1", Y: "I1" }],
    ]);
  });

  it("notes what it does not use, unless it asks for nothing", () => {
    const text = `- name: Conv
  core_allocation: [0]
  spatial_mapping_hint: {D1: [K]}
- name: Add
  core_allocation: [1, 2]
  temporal_ordering:
  - [OX, 4]
`;
    const { diagnostics } = readMapping(text, "m.yaml");
    expect(diagnostics.map(brief).sort()).toEqual(["ignored-field 3:3", "ignored-field 5:3", "ignored-field 6:3"]);
    expect(diagnostics.every(({ severity }) => severity === "info")).toBe(true);
  });

  test.each`
    text                                                 | expected                | why
    ${"name: Conv"}                                      | ${"wrong-value 1:1"}    | ${"a mapping whose keys are no array dimensions"}
    ${"- spatial_mapping: {D1: ['K, 4']}"}               | ${"missing-key 1:3"}    | ${"no name"}
    ${"- {name: Conv, spatial_mapping: {D0: ['K, 4']}}"} | ${"wrong-value 1:34"}   | ${"dimension zero"}
    ${"- {name: Conv, spatial_mapping: {D1: ['K, 0']}}"} | ${"wrong-value 1:39"}   | ${"no units"}
    ${"- {name: Conv, spatial_mapping: {D1: ['K 4']}}"}  | ${"wrong-value 1:39"}   | ${"no comma"}
    ${"- {name: Conv, spatial_maping: {}}"}              | ${"unknown-key 1:16"}   | ${"misspelt field"}
    ${"- {name: Conv, memory_operand_links: {W: I3}}"}   | ${"wrong-value 1:42"}   | ${"unknown memory operand"}
    ${"- {name: Conv}\n- {name: Add}\n- {name: Conv}"}   | ${"repeated-name 3:10"} | ${"a name twice"}
    ${"- 1"}                                             | ${"wrong-value 1:3"}    | ${"an entry that is a number"}
  `("refuses $why", ({ text, expected }) => {
    const found = refusal(() => readMapping(text, "m.yaml"));
    expect(found.map(brief).join("; ")).toBe(expected);
  });
});

const brief = ({ code, where }: Diagnostic) => `${code} ${where.line}:${where.column}`;

function refusal(read: () => unknown): readonly Diagnostic[] {
  try {
    read();
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics;
    throw error;
  }
  return [];
}
