/** Code of the page could not be fetched: says so, and offers another attempt. */
export function NotLoaded(props: {
  readonly what: string;
  readonly again: () => void;
  /** It stands for a whole page. */
  readonly isPage?: boolean;
}) {
  const { what, again, isPage } = props;
  const title = 'Not available now';
  return (
    <div class="missing" role="alert">
      {isPage ? <h1>{title}</h1> : <h2>{title}</h2>}
      <p>{what} could not be loaded: the server does not answer, or has another version by now.</p>
      <p class="buttons">
        <button type="button" onClick={again}>
          Try again
        </button>
      </p>
    </div>
  );
}
