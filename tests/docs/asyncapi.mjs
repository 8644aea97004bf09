// node asyncapi.mjs FOLDER PAGE: what AsyncAPI's own parser (in FOLDER/node_modules) has against the page; exit code 1 if it is an error.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [folder, page] = process.argv.slice(2);
const { Parser } = createRequire(`${folder}/`)("@asyncapi/parser");
const ERROR = 0;
const { document, diagnostics } = await new Parser().parse(readFileSync(page, "utf8"));
for (const d of diagnostics) console.log(`${d.path.join(".")}: ${d.message} (${d.code})`);
process.exit(document && !diagnostics.some((d) => d.severity === ERROR) ? 0 : 1);
