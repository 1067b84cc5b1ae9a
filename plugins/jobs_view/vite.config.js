import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vite";
/** Airflow shares these with the pages of plugins; a second copy of React would not work beside its own. */
const OF_AIRFLOW = {
    "@chakra-ui/react": "ChakraUI",
    react: "React",
    "react/jsx-runtime": "ReactJSXRuntime",
    "react-dom": "ReactDOM",
    "react-router-dom": "ReactRouterDOM",
};
/** What the bundle is made from, but for tests. A test of the project computes this digest too, see tests/unit/test_jobs_view.py. */
const SOURCES = ["openapi.json", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts", "src"];
const TEST = ".test.ts";
const filesBelow = (path) => path.includes(".")
    ? [path]
    : readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
        const below = `${path}/${entry.name}`;
        return entry.isDirectory() ? filesBelow(below) : below.endsWith(TEST) ? [] : [below];
    });
/** SHA-256 over the names and contents of the sources, in the order of their names' bytes. */
const digestOfSources = () => {
    const digest = createHash("sha256");
    const names = SOURCES.flatMap(filesBelow).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    for (const name of names) {
        digest.update(`${name}\0`).update(createHash("sha256")
            .update(readFileSync(join(import.meta.dirname, name)))
            .digest());
    }
    return digest.digest("hex");
};
const signed = () => ({
    name: "say what the bundle was made from",
    generateBundle(_, bundle) {
        for (const file of Object.values(bundle)) {
            if (file.type === "chunk") {
                file.code = `/* sources: ${digestOfSources()} */\n${file.code}`;
            }
        }
    },
});
export default defineConfig({
    build: {
        lib: { entry: "src/main.tsx", fileName: () => "jobs_view.js", formats: ["iife"], name: "ModelOpsBundle" },
        rollupOptions: { external: Object.keys(OF_AIRFLOW), output: { globals: OF_AIRFLOW } },
        sourcemap: false,
        target: "es2022",
    },
    define: { "process.env.NODE_ENV": JSON.stringify("production") },
    plugins: [signed()],
    publicDir: "public",
});
