// Joins the hand-picked icons into one file, so that a page refers to `sprite.svg#name`.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

export async function writeSprite(from, to) {
  const names = (await readdir(from)).filter((name) => name.endsWith('.svg')).sort();
  const symbols = await Promise.all(
    names.map(async (name) => {
      const svg = await readFile(join(from, name), 'utf8');
      const drawing = svg.replace(/^<svg[^>]*>|<\/svg>\s*$/g, '');
      return `<symbol id="${basename(name, '.svg')}" viewBox="0 0 24 24">${drawing}</symbol>`;
    }),
  );
  await mkdir(join(to, '..'), { recursive: true });
  await writeFile(to, `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join('\n')}\n</svg>\n`);
}
