import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Makes a profile's editor speak a language to its extensions. The texts of the editor itself stay
 * English: its language packs are in a gallery, and none is needed for this.
 *
 * @param {string} profile Folder of the editor's profile.
 * @param {string} language As `zh-cn`.
 * @returns {Promise<string[]>} Arguments for the server.
 */
export async function useLanguage(profile, language) {
  await mkdir(profile, { recursive: true });
  const texts = join(profile, `${language}.i18n.json`);
  await writeFile(texts, JSON.stringify({ '': [], version: '1.0.0', contents: {} }));
  const pack = {
    hash: 'basin',
    label: language,
    extensions: [{ extensionIdentifier: { id: 'basin.language-pack' }, version: '1.0.0' }],
    translations: { vscode: texts },
  };
  await writeFile(join(profile, 'languagepacks.json'), JSON.stringify({ [language]: pack }));
  return ['--locale', language];
}
