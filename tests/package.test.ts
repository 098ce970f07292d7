/** What the package promises about itself: version, commands in the documents, files that it ships. */
import { accessSync, constants, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { VERSION } from "../src/ir/version.js";

const root = new URL("../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), "utf8");

describe("package.json", () => {
  it("has the version that kerf prints", () => expect(VERSION).toBe(manifest.version));

  test.each(["README.md", "CONTRIBUTING.md", ".ci/run"])("has every script that %s names", (path) => {
    const named = [...read(path).matchAll(/npm run ([a-z][a-z:-]*)/g)].map(([, script]) => script ?? "");
    expect(named.filter((script) => !(script in manifest.scripts))).toEqual([]);
  });

  it("ships what it exports", () => {
    const targets = Object.values(manifest.exports).flatMap((target) =>
      typeof target === "string" ? [target] : Object.values(target),
    );
    const folders = targets.map((target) => target.split("/")[1] ?? "");
    expect(folders.filter((folder) => folder !== "package.json" && !manifest.files.includes(folder))).toEqual([]);
  });

  it("starts the command with node", () => {
    const source = manifest.bin.kerf.replace("dist/", "src/").replace(/\.js$/, ".ts");
    expect(read(source)).toMatch(/^#!\/usr\/bin\/env node\n/);
  });
});

// `npm ci` refuses a lock file that leaves out packages of other platforms, as one made where they could not be found does.
test("package-lock.json has an entry for every optional package", () => {
  const entries: Record<string, { optionalDependencies?: object }> = JSON.parse(read("package-lock.json")).packages;
  const locked = new Set(Object.keys(entries).map((path) => path.split("node_modules/").at(-1)));
  const wanted = Object.values(entries).flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies));
  expect(wanted.length).toBeGreaterThan(0);
  expect(wanted.filter((name) => !locked.has(name))).toEqual([]);
});

describe("the repository", () => {
  it("has an executable CI script", () => accessSync(new URL(".ci/run", root), constants.X_OK));

  const documents = readdirSync(root, { encoding: "utf8" })
    .concat(readdirSync(new URL("docs/", root), { encoding: "utf8", recursive: true }).map((path) => `docs/${path}`))
    .filter((path) => path.endsWith(".md"));

  test.each(documents)("%s links to files that exist", (path) => {
    const links = [...read(path).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target]) => target ?? "");
    for (const target of links) accessSync(new URL(target, new URL(path, root)));
  });
});
