// Bundles the sources of this folder into static/dist, which git ignores.
import * as esbuild from 'esbuild';
import { writeSprite } from './sprite.mjs';

await esbuild.build({
  entryPoints: ['frontend/app.js', 'frontend/passkey.js', 'frontend/signed_out.js', 'frontend/worker.js', 'frontend/app.css'],
  outdir: 'static/dist',
  bundle: true,
  minify: true,
  target: ['es2022', 'chrome123', 'firefox125', 'safari17.5'],
  // Icons that a stylesheet uses as masks go into it; fonts stay files of their own.
  loader: { '.svg': 'dataurl', '.woff2': 'file' },
  legalComments: 'linked',
  logLevel: 'warning',
});
await writeSprite('frontend/icons', 'static/dist/sprite.svg');
