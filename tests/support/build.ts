import { execFileSync } from "node:child_process";

/** Tests that run the command run what was built from these sources. */
export default function build(): void {
  execFileSync("npm", ["run", "--silent", "build"], { stdio: ["ignore", "inherit", "inherit"] });
}
