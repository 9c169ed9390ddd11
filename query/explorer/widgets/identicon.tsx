const SIDE = 5;

/** A small picture of a key, the same everywhere: symmetrical squares in a colour of its own. */
export function Identicon(props: { readonly of: string }) {
  const bytes = (props.of.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
  const hue = Math.round((((bytes[30] ?? 0) * 256 + (bytes[31] ?? 0)) / 65_536) * 360);
  const squares: { readonly x: number; readonly y: number }[] = [];
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < 3; x++) {
      if ((bytes[y * 3 + x] ?? 0) % 2 === 0) continue;
      squares.push({ x, y });
      if (x < 2) squares.push({ x: SIDE - 1 - x, y });
    }
  }
  return (
    <svg class="identicon" viewBox="-1 -1 7 7" aria-hidden="true" focusable="false">
      {squares.map(({ x, y }) => (
        <rect
          key={`${x}/${y}`}
          x={x}
          y={y}
          width="1.02"
          height="1.02"
          fill={`hsl(${hue} 60% 50%)`}
        />
      ))}
    </svg>
  );
}
