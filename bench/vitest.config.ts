import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import type { TestModule, TestSpecification } from "vitest/node";

/** Says nothing but what went wrong: the figures print themselves. */
const reporter = {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly { readonly message?: unknown }[]): void {
    const failures = modules.flatMap((module) => [
      ...module.errors(),
      ...[...module.children.allTests("failed")].flatMap((test) => test.result().errors ?? []),
    ]);
    for (const { message } of [...errors, ...failures]) console.error(message);
  },
  onTestRunStart(_: readonly TestSpecification[]): void {},
};

export default defineConfig({
  test: {
    root: fileURLToPath(new URL("..", import.meta.url)),
    include: ["bench/print-figures.ts"],
    testTimeout: 600_000,
    disableConsoleIntercept: true,
    reporters: [reporter],
  },
});
