import { useLayoutEffect, useState } from 'preact/hooks';
import { Icon } from '../widgets/icons.js';

const THEMES = ['auto', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];

const ICONS = { auto: 'auto', light: 'sun', dark: 'moon' } as const;

function storedTheme(): Theme {
  const stored = localStorage.getItem('theme');
  return THEMES.find((theme) => theme === stored) ?? 'auto';
}

/** Before the first paint: no flash of the other theme. */
document.documentElement.dataset.theme = storedTheme();

export function ThemeButton() {
  const [theme, setTheme] = useState<Theme>(storedTheme());
  // with the label, before the next paint
  useLayoutEffect(() => {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem('theme', theme);
  }, [theme]);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'auto';
  return (
    <button
      type="button"
      class="round"
      onClick={() => setTheme(next)}
      aria-label={`theme: ${theme}; change to ${next}`}
      title={`theme: ${theme}`}
    >
      <Icon name={ICONS[theme]} />
    </button>
  );
}
