import { useEffect, useState } from 'preact/hooks';

/** Light modules around the code, for readers of it (ISO/IEC 18004). */
const QUIET_MODULES = 4;

/** A text as a QR code, made here; what draws it is loaded when it is first shown. */
function QrCode(props: { readonly text: string; readonly label: string }) {
  const { text, label } = props;
  const [modules, setModules] = useState<readonly (readonly boolean[])[] | null>(null);
  useEffect(() => {
    let isShown = true;
    void import('uqr').then(({ encode }) => {
      if (isShown) setModules(encode(text, { ecc: 'M', border: QUIET_MODULES }).data);
    });
    return () => {
      isShown = false;
    };
  }, [text]);
  const side = modules?.length ?? 1;
  const dark = (modules ?? [])
    .flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')))
    .join('');
  return (
    <svg class="qr" viewBox={`0 0 ${side} ${side}`} role="img" aria-label={label}>
      <path d={dark} />
    </svg>
  );
}

/** The address of a page as a QR code, behind a word that one opens. */
export function PageQrCode(props: { readonly path: string; readonly what: string }) {
  const [isOpen, setOpen] = useState(false);
  const address = location.origin + props.path;
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>QR code</summary>
      {isOpen && <QrCode text={address} label={`QR code of the address of ${props.what}`} />}
    </details>
  );
}
