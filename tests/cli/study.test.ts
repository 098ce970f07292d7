import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { STUDIES } from "../../src/explore/studies/registry.js";
import { kerf, scratchFolder } from "../support/cli.js";

const scratch = scratchFolder();
afterAll(() => rmSync(scratch, { recursive: true }));

describe("kerf study", () => {
  it("lists every study", () => {
    const { status, stdout } = kerf(["study", "list", "--json"]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout).map(({ name }: { name: string }) => name)).toEqual(STUDIES.map(({ name }) => name));
  });

  it("prints tables, and writes nothing unless asked to", () => {
    const { status, stdout, stderr } = kerf(["study", "depfin"], scratch);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^depfin: FSRCNN 960×540/);
    expect(readdirSync(scratch)).toEqual([]);
  });

  it("writes HTML and CSV into a new folder", () => {
    const folder = join(scratch, "deep", "er");
    expect(kerf(["study", "depfin", "--out", folder]).status).toBe(0);
    expect(readdirSync(folder).sort()).toEqual(["depfin-activation-memory.csv", "depfin-cycles.csv", "depfin.html"]);
    expect(readFileSync(join(folder, "depfin.html"), "utf8")).toMatch(/^<!doctype html>/);
  });

  it("prints JSON and nothing else, the same every time", () => {
    const [first, second] = [0, 1].map(() => kerf(["study", "depfin", "--json", "--quiet"]).stdout);
    expect(JSON.parse(first!)).toMatchObject({ format: "kerf/study", version: 1, study: "depfin" });
    expect(second).toBe(first);
  });

  it.each([
    { args: ["study", "defines-case4"], code: "unknown-study", why: "a name that is close" },
    { args: ["study", "depfin", "--jobs", "0"], code: "bad-option-value", why: "no workers" },
    { args: ["study", "depfin", "--loop-limit", "x"], code: "bad-option-value", why: "no number" },
    { args: ["study", "depfin", "--cost-model", "best"], code: "bad-option-value", why: "unknown rules" },
    { args: ["study", "depfin", "--cost-model", "exact"], code: "bad-option-value", why: "rules of other studies" },
    {
      args: ["study", "defines-case1", "--arch", "tpu-like,ascend-like"],
      code: "bad-option-value",
      why: "two machines",
    },
    { args: ["study", "defines-case2", "--arch", "tpu"], code: "unknown-accelerator", why: "unknown machine" },
  ])("refuses $why", ({ args, code }) => {
    const { status, stdout, stderr } = kerf([...args, "--diagnostics", "json"]);
    expect(status).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(`"code":"${code}"`);
  });

  it("knows which rules a study runs under", () => {
    const { stderr } = kerf(["study", "defines-case1", "--cost-model", "best"]);
    expect(stderr).toContain("found 'best', expected defines, exact");
  });

  it("refuses a file where the folder should be, before the work", () => {
    const file = join(scratch, "file");
    writeFileSync(file, "");
    expect(kerf(["study", "depfin", "--out", file]).stderr).toContain("unwritable-file");
  });

  it("says that it runs in one worker", () => {
    expect(kerf(["study", "depfin", "--jobs", "4"]).stderr).toContain("info[one-worker]");
  });
});
