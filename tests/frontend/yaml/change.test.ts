import { describe, expect, it, test } from "vitest";
import { changed, parseVariation } from "../../../src/frontend/yaml/change.js";
import { parseYaml } from "../../../src/frontend/yaml/yaml-document.js";

describe("a variation", () => {
  test.each`
    text                      | expected
    ${"a.b=1,2e3"}            | ${{ path: "a.b", values: [1, 2000] }}
    ${"a=true,x"}             | ${{ path: "a", values: [true, "x"] }}
    ${"a.0=[1, 2],[3]"}       | ${{ path: "a.0", values: [[1, 2], [3]] }}
    ${"a={ b: 1, c: [2] },3"} | ${{ path: "a", values: [{ b: 1, c: [2] }, 3] }}
    ${"a\\.b=x=y"}            | ${{ path: "a\\.b", values: ["x=y"] }}
    ${"a.b"}                  | ${undefined}
    ${"=1"}                   | ${undefined}
    ${"a.=1"}                 | ${undefined}
    ${"a=1,,2"}               | ${undefined}
    ${"a="}                   | ${undefined}
    ${"a=[1"}                 | ${undefined}
  `("'$text'", ({ text, expected }) => expect(parseVariation(text)).toEqual(expected));
});

describe("a change", () => {
  const document = parseYaml("a: 1\nlist:\n  - { size: 4, kind: x }\n  - { size: 5 }\n'b.c': 2\n", "f.yaml", "fields");
  const at = (path: string, value: unknown) => changed(document, [{ path, value }]).value;

  it("replaces one value and leaves the document as it was", () => {
    expect(at("list.0.size", 9)).toEqual({ a: 1, list: [{ size: 9, kind: "x" }, { size: 5 }], "b.c": 2 });
    expect(at("b\\.c", 3)).toMatchObject({ "b.c": 3 });
    expect(document.value).toEqual({ a: 1, list: [{ size: 4, kind: "x" }, { size: 5 }], "b.c": 2 });
  });

  it("adds a field where its mapping exists: the format says whether it may", () => {
    expect(at("list.1.kind", "y")).toMatchObject({ list: [{}, { size: 5, kind: "y" }] });
  });

  test.each`
    path             | message                       | place
    ${"lust.0.size"} | ${"did you mean 'list'?"}     | ${"f.yaml:1:1: error[unknown-key]: there is no 'lust'"}
    ${"list.2.size"} | ${"did you mean '0' or '1'?"} | ${"f.yaml:3:3: list: error[unknown-key]: there is no '2'"}
    ${"a.b"}         | ${"path is too long"}         | ${"f.yaml:1:4: a: error[unknown-key]: there is no 'b'"}
  `("'$path' leads nowhere", ({ path, message, place }) => {
    expect(() => at(path, 1)).toThrow(message);
    expect(() => at(path, 1)).toThrow(place);
  });
});
