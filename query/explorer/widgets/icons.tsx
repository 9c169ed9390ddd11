const PATHS = {
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  done: 'm5 13 4 4L19 7',
  search: 'M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14m5 12 4 4',
  sun: 'M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8m0-5v2m0 14v2M3 12h2m14 0h2M5.6 5.6 7 7m10 10 1.4 1.4m0-12.8L17 7M7 17l-1.4 1.4',
  moon: 'M20 14.5A8 8 0 1 1 9.5 4a6.5 6.5 0 0 0 10.5 10.5',
  auto: 'M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18m0 0v18m2-17v16m2-15v14m2-12v10',
  download: 'M12 4v11m-5-4 5 5 5-5M5 20h14',
  left: 'm15 5-7 7 7 7',
  right: 'm9 5 7 7-7 7',
  shield: 'M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6zm-3.5 9 2.5 2.5L15.5 10',
} as const;

/** A line drawing of 24 by 24; says nothing to a screen reader. */
export function Icon(props: { readonly name: keyof typeof PATHS }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[props.name]} />
    </svg>
  );
}
