// Compiles hopback.scss into ../static/web/hopback.css and copies the icons it names. Run by `npm run build`.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { compile } from "sass";

const uswds = "node_modules/@uswds/uswds";
const out = "../static/web";
const version = JSON.parse(readFileSync(join(uswds, "package.json"))).version;
const { css } = compile("hopback.scss", {
  style: "compressed",
  charset: false,
  quietDeps: true,
  loadPaths: [join(uswds, "packages")],
  logger: { warn() {}, debug() {} },
});
// An empty url() is no file: stores that name files by their content would look for it.
const clean = css.replaceAll(/@supports\s*\(mask:\s*url\(""\)\)/g, "@supports (mask:none)");
for (const [, name] of clean.matchAll(/url\("img\/([^"]+)"\)/g)) {
  mkdirSync(dirname(join(out, "img", name)), { recursive: true });
  copyFileSync(join(uswds, "dist/img", name), join(out, "img", name));
}
const notice = `/* USWDS ${version}: public domain (CC0); normalize.css: MIT; icons in img/: Material Icons, Apache 2.0. See styles/README.md. */`;
writeFileSync(join(out, "hopback.css"), `${notice}\n${clean}\n`);
