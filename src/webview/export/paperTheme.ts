import type { Theme } from '../plots/theme';

/**
 * What a figure looks like in a paper: black on white, in the serifs of LaTeX's own letters where the
 * machine has them. With 11 pixels at the size of `PAPER`, letters are 8.25 points at a width of five inches.
 */
export const PAPER_THEME: Theme = {
  kind: 'light',
  highContrast: false,
  fontFamily: "'Latin Modern Roman', 'CMU Serif', 'STIX Two Text', 'Times New Roman', Times, serif",
  background: 'rgb(255, 255, 255)',
  foreground: 'rgb(0, 0, 0)',
  muted: 'rgb(50, 50, 50)',
  line: 'rgb(120, 120, 120)',
  accent: 'rgb(0, 84, 166)',
  highlight: 'rgb(200, 80, 0)',
};

/** Width of a figure for a paper: five inches. */
export const PAPER_WIDTH = 480;
