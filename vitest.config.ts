import { defineConfig } from "vitest/config";

const golden = "tests/**/*.golden.test.ts";

export default defineConfig({
  test: {
    projects: [
      { test: { name: "quick", include: ["tests/**/*.test.ts"], exclude: [golden], testTimeout: 30_000 } },
      { test: { name: "golden", include: [golden], testTimeout: 600_000 } },
    ],
  },
});
