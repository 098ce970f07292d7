import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { kerf, REPOSITORY, scratchFolder } from "./support/cli.js";

const readme = readFileSync(join(REPOSITORY, "README.md"), "utf8");
const scratch = scratchFolder();
afterAll(() => rmSync(scratch, { recursive: true }));

/** The `kerf` commands of the shell blocks, without set-up, comments and `npx`. */
const commands = [...readme.matchAll(/^```sh\n([\s\S]*?)^```/gm)]
  .flatMap(([, block]) => block!.split("\n"))
  .map((line) => line.replace(/#.*/, "").replace("npm ci && ", "").trim())
  .filter((line) => line.startsWith("npx kerf "))
  .map((line) => line.slice("npx kerf ".length));

describe("the README", () => {
  it("has commands to run", () => expect(commands.length).toBeGreaterThan(3));

  it.each(commands)("kerf %s", (command) => {
    const words = command
      .split(/\s+/)
      .map((word) => word.replace("fsrcnn.schedule.json", join(scratch, "fsrcnn.json")));
    const { status, stdout, stderr } = kerf(words);
    const messages = stderr.split("\n").filter((line) => line !== "" && !/(^|: )info\[/.test(line));
    expect({ status, messages }).toEqual({ status: 0, messages: [] });
    expect(stdout).not.toBe("");
  });

  it("wrote the schedule that it promises", () => expect(readdirSync(scratch)).toEqual(["fsrcnn.json"]));

  it("names only files that exist", () => {
    const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(([, target]) => target!);
    expect(links.length).toBeGreaterThan(3);
    for (const link of links) expect(() => readFileSync(join(REPOSITORY, link)), link).not.toThrow();
  });
});
