import { LANGUAGE_ELEMENT, type Language } from '../shared/language';
import { speakAs } from '../shared/words/text';

/** What the page brings along to be read in. Imported before everything that says anything. */
const content = document.getElementById(LANGUAGE_ELEMENT)?.textContent;
if (content) speakAs(JSON.parse(content) as Language);
