import { defineConfig } from "vitest/config";

const golden = "tests/**/*.golden.test.ts";
const globalSetup = "tests/support/build.ts";
const setupFiles = "tests/support/seed.ts";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "quick",
          include: ["tests/**/*.test.ts"],
          exclude: [golden],
          globalSetup,
          setupFiles,
          testTimeout: 120_000,
        },
      },
      { test: { name: "golden", include: [golden], globalSetup, setupFiles, testTimeout: 600_000 } },
    ],
  },
});
