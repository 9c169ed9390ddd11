import type { Finding } from './finding.js';
import type { ModuleEdge, ModuleGraph } from './moduleGraph.js';

/** A finding for each import that closes a cycle. Types count: they bind a reader too. */
export function checkCycles({ sources, edges }: ModuleGraph): Finding[] {
  const findings: Finding[] = [];
  const finished = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string): void => {
    trail.push(path);
    for (const edge of edges.get(path) ?? []) {
      const at = trail.indexOf(edge.target);
      if (at >= 0) findings.push(cycleFinding(trail.slice(at), edge));
      else if (!finished.has(edge.target)) visit(edge.target);
    }
    trail.pop();
    finished.add(path);
  };
  for (const { path } of sources) if (!finished.has(path)) visit(path);
  return findings;
}

function cycleFinding(cycle: readonly string[], { target, via }: ModuleEdge): Finding {
  const path = cycle[cycle.length - 1] as string;
  const names = [...cycle, target].map((one) => one.slice(one.lastIndexOf('/') + 1));
  const message = `closes the cycle ${names.join(' → ')}: move what both need into a third file`;
  return { path, line: via.line, rule: 'cycle', message };
}
