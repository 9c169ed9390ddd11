import type { ComponentChildren } from 'preact';
import { Icon } from './icons.js';

/** Saves a text that is on this page already as a file. */
export function save(fileName: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = fileName;
  anchor.click();
  URL.revokeObjectURL(url);
}

export function DownloadButton(props: {
  readonly fileName: string;
  readonly type: string;
  readonly text: () => string;
  readonly children: ComponentChildren;
}) {
  const { fileName, type, text, children } = props;
  return (
    <button type="button" class="second small" onClick={() => save(fileName, type, text())}>
      <Icon name="download" /> {children}
    </button>
  );
}
